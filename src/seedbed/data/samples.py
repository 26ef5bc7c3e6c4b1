"""What a split consists of: tensors in memory, a map-style data set, or an iterable one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
import xxhash
from torch import Tensor

from seedbed.batch import leaves, map_tensors
from seedbed.data.randomness import kept_globals
from seedbed.errors import DataError
from seedbed.seeding import reseed_globals, stream_key

Indices: TypeAlias = npt.NDArray[np.int64]
TARGET_KEYS = ("target", "targets", "label", "labels", "y")


class Items(Protocol):
    """A map-style data set."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


class TensorSamples:
    """Samples that lie in memory as stacked tensors; a batch is one gather per tensor.

    Args:
        inputs: A tensor, or nested dicts, lists and tuples of them; the first dimension is the row. uint8 is read as
            an image with values 0..255 and becomes float 0..1 when a batch is made.
        targets: The same, or None.
        ids: Number of each sample in its data set, int64, shape (N,); 0..N-1 if absent. They name the samples in
            digests and reports and key their augmentation.
        rows: Row of each sample in the tensors, int64, shape (N,); 0..N-1 if absent. Subsets share the tensors.
        columns: More facts about the samples (group, time, …), arrays of shape (N,), for splitting.
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any = None,
        ids: Indices | None = None,
        *,
        rows: Indices | None = None,
        columns: Mapping[str, npt.NDArray[Any]] | None = None,
        name: str = "data",
    ) -> None:
        sizes = {len(leaf) for leaf in leaves((inputs, targets))}
        if len(sizes) != 1:
            raise DataError(f"{name}: inputs and targets must have one length, but they have {sorted(sizes)}")
        (num_rows,) = sizes
        self.inputs, self.targets, self.name = inputs, targets, name
        self.rows = np.arange(num_rows, dtype=np.int64) if rows is None else np.asarray(rows, dtype=np.int64)
        self.ids = self.rows if ids is None else np.asarray(ids, dtype=np.int64)
        self.columns = dict(columns or {})
        if len(self.ids) != len(self.rows):
            raise DataError(f"{name}: {len(self.ids)} ids for {len(self.rows)} samples")

    def __len__(self) -> int:
        return len(self.rows)

    def subset(self, positions: Indices) -> TensorSamples:
        """The samples at ``positions``; the tensors are shared, not copied."""
        columns = {key: values[positions] for key, values in self.columns.items()}
        rows, ids = self.rows[positions], self.ids[positions]
        return TensorSamples(self.inputs, self.targets, ids, rows=rows, columns=columns, name=self.name)

    def gather(self, rows: Tensor) -> tuple[Any, Any]:
        """Inputs and targets at the rows ``rows`` (int64, shape (B,), on the tensors' device)."""
        return gather(self.inputs, rows), gather(self.targets, rows)

    def labels(self) -> npt.NDArray[Any]:
        """The targets as one array, for stratified splits and balanced sampling."""
        if not isinstance(self.targets, Tensor) or self.targets.ndim != 1:
            raise DataError(f"{self.name}: needs one label per sample (targets of shape (N,))")
        array: npt.NDArray[Any] = self.targets.numpy()[self.rows]
        return array


class DatasetSamples:
    """Samples of a map-style data set, fetched one by one and collated.

    Args:
        dataset: Any object with ``__len__`` and ``__getitem__``, such as a ``torch.utils.data.Dataset``.
        ids: Indices of the samples that belong to this split; all if absent.
        transforms: Functions ``(x, rng) -> x`` applied to each sample's input, in order; ``rng`` is a numpy
            Generator keyed by (seed, epoch, index).
    """

    def __init__(
        self,
        dataset: Items,
        ids: Indices | None = None,
        *,
        transforms: Sequence[Callable[[Any, np.random.Generator], Any]] = (),
        columns: Mapping[str, npt.NDArray[Any]] | None = None,
        name: str | None = None,
    ) -> None:
        self.dataset, self.transforms = dataset, tuple(transforms)
        self.name = name or type(dataset).__name__
        try:
            num_items = len(dataset)
        except TypeError as error:
            raise DataError(f"data set {self.name} has no length ({error}); define __len__") from error
        self.ids = np.arange(num_items, dtype=np.int64) if ids is None else np.asarray(ids, dtype=np.int64)
        self.columns = dict(columns or {})

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, positions: Indices) -> DatasetSamples:
        """The samples at ``positions`` of the same data set."""
        columns = {key: values[positions] for key, values in self.columns.items()}
        ids = self.ids[positions]
        return DatasetSamples(self.dataset, ids, transforms=self.transforms, columns=columns, name=self.name)

    def labels(self) -> npt.NDArray[Any]:
        """The label of each sample: the data set's ``targets`` or ``labels`` where it has them, else read from it."""
        for attribute in ("targets", "labels"):
            values = getattr(self.dataset, attribute, None)
            if values is not None and len(values) == len(self.dataset):
                return np.asarray(values)[self.ids]
        pairs = zip(self.items(), self.ids.tolist(), strict=True)
        return np.asarray([_label(item, index, self.name) for item, index in pairs])

    def items(self, indices: Indices | None = None) -> Iterator[Any]:
        """The items (all of the split if ``indices`` are absent), each read under a seed of its own."""
        for index in (self.ids if indices is None else indices).tolist():
            with kept_globals():
                reseed_globals(stream_key(0, "item", index))
                item = self.dataset[index]
            yield item


class IterableSamples:
    """Samples that can only be read in order, such as a ``torch.utils.data.IterableDataset``.

    To resume in the middle of an epoch the data set must say where it is: ``state_dict()`` and
    ``load_state_dict(state)``, plain data. ``set_epoch(epoch)`` is called before each epoch where there is one.
    """

    def __init__(self, dataset: Iterable[Any], *, name: str | None = None) -> None:
        self.dataset = dataset
        self.name = name or type(dataset).__name__
        self.columns: dict[str, npt.NDArray[Any]] = {}


Samples: TypeAlias = TensorSamples | DatasetSamples | IterableSamples


def gather(tree: Any, rows: Tensor) -> Any:
    """The given rows of every tensor in a tree."""
    if tree is None:
        return None
    if isinstance(tree, Tensor):
        return select_rows(tree, rows)
    return map_tensors(lambda tensor: select_rows(tensor, rows), tree)


def select_rows(tensor: Tensor, rows: Tensor) -> Tensor:
    """The given rows in the layout of the whole, which ``index_select`` alone does not keep."""
    if tensor.ndim == 4 and not tensor.is_contiguous() and tensor.is_contiguous(memory_format=torch.channels_last):
        return tensor.permute(0, 2, 3, 1).index_select(0, rows).permute(0, 3, 1, 2)
    return tensor.index_select(0, rows)


def split_item(item: Any) -> tuple[Any, Any]:
    """Input and target of one item of a data set (or of one collated batch).

    A pair is (input, target); a dict's target is under one of ``TARGET_KEYS`` and the rest is the input (the value
    itself where only one is left); anything else is an input without a target.
    """
    if isinstance(item, tuple | list) and len(item) == 2:
        return item[0], item[1]
    if isinstance(item, dict):
        key = next((key for key in TARGET_KEYS if key in item), None)
        rest = {name: value for name, value in item.items() if name != key}
        inputs = next(iter(rest.values())) if len(rest) == 1 else rest
        return inputs, None if key is None else item[key]
    return item, None


def _label(item: Any, index: int, name: str) -> Any:
    _, target = split_item(item)
    if isinstance(target, Tensor) and target.numel() == 1:
        return target.item()
    if isinstance(target, int | float | str | np.generic):
        return target
    raise DataError(f"{name}: sample {index} has no single label; stratified and balanced sampling need one")


def digest(samples: Samples, *, limit: int = 200_000_000) -> str:
    """A fingerprint of the data: ``xxh3-128:…`` over all bytes, or ``sampled-xxh3-128:…`` where that is too much.

    In-memory data up to ``limit`` bytes are read whole, larger ones by 1000 rows spread evenly, data sets by about 20
    items spread evenly. Iterable data have none: ``none``.
    """
    if isinstance(samples, IterableSamples):
        return "none"
    state = xxhash.xxh3_128(np.ascontiguousarray(samples.ids).tobytes())
    some = np.linspace(0, max(len(samples) - 1, 0), min(len(samples), 1000)).astype(np.int64)
    if isinstance(samples, DatasetSamples):
        for item in samples.items(samples.ids[some[:: max(1, len(some) // 20)]]):
            _feed(state, item)
        return f"sampled-xxh3-128:{state.hexdigest()}"
    tensors = leaves((samples.inputs, samples.targets))
    rows_bytes = len(samples) * sum(t[0].numel() * t.element_size() for t in tensors if len(t))
    whole = rows_bytes <= limit
    rows = torch.from_numpy(samples.rows if whole else samples.rows[some])
    for tensor in tensors:
        for chunk in rows.split(16384) if len(rows) else ():
            first, last = int(chunk[0]), int(chunk[-1])
            in_order = bool((chunk.diff() == 1).all())  # then nothing need be copied
            _feed(state, tensor[first : last + 1] if in_order else tensor.index_select(0, chunk))
    return f"{'' if whole else 'sampled-'}xxh3-128:{state.hexdigest()}"


def _feed(state: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        array = value.detach().cpu().contiguous()
        state.update(f"{array.dtype}{tuple(array.shape)}".encode())
        state.update(array.view(torch.uint8).numpy().data if array.ndim else array.reshape(1).view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray):
        _feed(state, torch.from_numpy(np.ascontiguousarray(value)))
    elif isinstance(value, Mapping):
        for key in value:
            state.update(str(key).encode())
            _feed(state, value[key])
    elif isinstance(value, list | tuple):
        for part in value:
            _feed(state, part)
    elif hasattr(value, "tobytes"):  # PIL images and numpy numbers
        state.update(value.tobytes())
    else:
        state.update(repr(value).encode())
