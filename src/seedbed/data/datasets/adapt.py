"""Data that somebody already has: tensors, torch data sets, torch loaders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from seedbed.data.collate import to_tensor
from seedbed.data.samples import DatasetSamples, Indices, IterableSamples, Samples, TensorSamples
from seedbed.data.source import LoaderHints, Source
from seedbed.errors import DataError


def from_tensors(
    inputs: Any,
    targets: Any = None,
    *,
    val: tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
    name: str = "tensors",
    info: dict[str, Any] | None = None,
) -> Source:
    """A source of tensors or numpy arrays in memory.

    Args:
        inputs: Training inputs, first dimension the sample; nested dicts and tuples are fine.
        targets: Training targets, or None.
        val: ``(inputs, targets)`` of the validation split.
        test: ``(inputs, targets)`` of the test split.
        name: For messages and logs.
        info: Facts for ``Source.info``.
    """

    def samples(pair: tuple[Any, Any] | None) -> TensorSamples | None:
        return None if pair is None else TensorSamples(_tensors(pair[0]), _tensors(pair[1]), name=name)

    train = samples((inputs, targets))
    assert train is not None
    return Source(name=name, train=train, val=samples(val), test=samples(test), info=info or _guess(train))


def from_dataset(
    train: Any, val: Any = None, test: Any = None, *, name: str | None = None, info: dict[str, Any] | None = None
) -> Source:
    """A source of torch data sets, map-style or iterable; ``TensorDataset`` and subsets of it become tensors.

    Args:
        train: Training data set.
        val: Validation data set.
        test: Test data set.
        name: For messages and logs; the data set's class if absent.
        info: Facts for ``Source.info``.
    """
    name = name or type(train).__name__
    parts = [None if part is None else wrap(part, name) for part in (train, val, test)]
    assert parts[0] is not None
    return Source(name=name, train=parts[0], val=parts[1], test=parts[2], info=info or _guess(parts[0]))


def from_dataloader(
    train: DataLoader[Any],
    val: DataLoader[Any] | None = None,
    test: DataLoader[Any] | None = None,
    *,
    name: str | None = None,
    info: dict[str, Any] | None = None,
) -> Source:
    """A source of the data sets behind torch loaders, with their batch size, collate function and set of samples.

    The order becomes ours, a pure function of seed and epoch: a shuffling loader stays shuffled, a sequential one
    sequential, a ``SubsetRandomSampler`` keeps its samples and a ``WeightedRandomSampler`` its weights. Any other
    sampler, and a batch sampler of one's own, is asked for each epoch's batches under a seed of that epoch.

    Raises:
        DataError: The loader has no batch size and no batch sampler.
    """
    name = name or type(train.dataset).__name__
    ids, order = _order(train)
    plain = {"batch_size": train.batch_size, "drop_last": train.drop_last, "num_workers": train.num_workers}
    eval_loader = val if val is not None else test
    hints = LoaderHints(
        **{**plain, **order},
        eval_batch_size=None if eval_loader is None else eval_loader.batch_size,
        collate=_collate(train),
        eval_collate=None if eval_loader is None else _collate(eval_loader),
    )
    samples = _wrap_loader(train, name, ids)
    others = [None if loader is None else _wrap_loader(loader, name, _eval_ids(loader)) for loader in (val, test)]
    return Source(name=name, train=samples, val=others[0], test=others[1], info=info or _guess(samples), hints=hints)


def wrap(dataset: Any, name: str, ids: Indices | None = None) -> Samples:
    """Samples of any torch data set (or any object with ``__len__`` and ``__getitem__``)."""
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__"):
        if not isinstance(dataset, Iterable):
            raise DataError(f"{name} is a {type(dataset).__name__}, which has neither __getitem__ nor __iter__")
        return IterableSamples(dataset, name=name)
    if type(dataset) is Subset and type(dataset.dataset) is TensorDataset:
        inner = np.asarray(dataset.indices, dtype=np.int64)
        return wrap(dataset.dataset, name, inner if ids is None else inner[ids])
    if type(dataset) is TensorDataset and len(dataset.tensors) <= 2:
        inputs, *rest = dataset.tensors
        samples = TensorSamples(inputs, rest[0] if rest else None, name=name)
        return samples if ids is None else samples.subset(ids)
    return DatasetSamples(dataset, ids, name=name)


def _wrap_loader(loader: DataLoader[Any], name: str, ids: Indices | None) -> Samples:
    """Like ``wrap``, but a collate function of somebody's own sees the items."""
    if _collate(loader) is not None and not isinstance(loader.dataset, IterableDataset):
        return DatasetSamples(loader.dataset, ids, name=name)  # type: ignore[arg-type]
    return wrap(loader.dataset, name, ids)


def _order(loader: DataLoader[Any]) -> tuple[Indices | None, dict[str, Any]]:
    """Which samples a loader's sampler can give, and how it orders them, as hints."""
    if isinstance(loader.dataset, IterableDataset):
        return None, {}
    batch_sampler, sampler = loader.batch_sampler, loader.sampler
    if batch_sampler is None:
        raise DataError("the DataLoader has batch_size=None; give it a batch_size, or pass its data set instead")
    if type(batch_sampler) is BatchSampler:
        if isinstance(sampler, RandomSampler) and not sampler.replacement and sampler.num_samples == len(sampler):
            num_items = len(loader.dataset)  # type: ignore[arg-type]
            if sampler.num_samples == num_items:
                return None, {"sampler": "shuffled"}
        if isinstance(sampler, SequentialSampler):
            return None, {"sampler": "sequential"}
        if isinstance(sampler, SubsetRandomSampler):
            return np.asarray(list(sampler.indices), dtype=np.int64), {"sampler": "shuffled"}
        if isinstance(sampler, WeightedRandomSampler) and sampler.replacement:
            weights = sampler.weights.tolist()
            return None, {"sampler": "weighted", "weights": weights, "num_samples": sampler.num_samples}

    def batches(epoch: int) -> list[list[int]]:
        for part in (batch_sampler, sampler):
            if hasattr(part, "set_epoch"):
                part.set_epoch(epoch)
            generator = getattr(part, "generator", None)
            if isinstance(generator, torch.Generator):
                # called under a keyed global seed, from which the sampler's own generator gets one too
                generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
        return [list(batch) for batch in batch_sampler]

    return None, {"batches": batches}


def _eval_ids(loader: DataLoader[Any]) -> Indices | None:
    if isinstance(loader.dataset, IterableDataset):
        return None
    if isinstance(loader.sampler, SubsetRandomSampler):
        return np.asarray(list(loader.sampler.indices), dtype=np.int64)
    return None


def _collate(loader: DataLoader[Any]) -> Any:
    """The loader's collate function; None (ours) where the data are tensors, which need none."""
    dataset = loader.dataset
    inner = dataset.dataset if type(dataset) is Subset else dataset
    if loader.collate_fn is default_collate and type(inner) is TensorDataset:
        return None
    return loader.collate_fn


def _tensors(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _tensors(value) for key, value in tree.items()}
    if isinstance(tree, tuple):
        return tuple(_tensors(value) for value in tree)
    if isinstance(tree, Sequence) and not isinstance(tree, str):
        tree = np.asarray(tree)
    value = to_tensor(tree)
    if value is not None and not isinstance(value, Tensor):
        raise DataError(f"expected tensors or arrays of numbers, got {type(value).__name__}")
    # numpy's default float is float64, torch's float32
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.float64 else value


def _guess(samples: Samples) -> dict[str, Any]:
    """What tensors say of themselves: shape, and a task where whole-number targets make one plain."""
    if not isinstance(samples, TensorSamples) or not isinstance(samples.inputs, Tensor):
        return {"task": "unknown"}
    info: dict[str, Any] = {"task": "unknown", "input_shape": list(samples.inputs.shape[1:])}
    targets = samples.targets
    if isinstance(targets, Tensor) and targets.ndim == 1 and targets.dtype == torch.int64 and len(targets):
        if int(targets.min()) >= 0:
            info.update(task="classification", num_classes=int(targets.max()) + 1)
    elif isinstance(targets, Tensor) and targets.is_floating_point():
        info.update(task="regression")
    return info


def as_source(value: Any, *, name: str = "data") -> Source:
    """Whatever a project or a caller has as data.

    A ``Source`` as it is; a torch loader (with its ``split_validation()`` where it has one); a torch data set; a pair
    of arrays or tensors ``(inputs, targets)``; a sequence of up to three loaders or data sets (train, val, test); a
    dict of any of these by split.

    Raises:
        DataError: It is nothing of that kind.
    """
    if isinstance(value, Source):
        return value
    if isinstance(value, DataLoader):
        split = getattr(value, "split_validation", None)
        return from_dataloader(value, split() if callable(split) else None, name=name)
    if isinstance(value, dict) and "train" in value and set(value) <= {"train", "val", "test"}:
        return as_source(tuple(value.get(key) for key in ("train", "val", "test")), name=name)
    if isinstance(value, tuple | list) and 1 <= len(value) <= 3 and value[0] is not None:
        parts = [*value, None, None][:3]
        if all(part is None or isinstance(part, DataLoader) for part in parts):
            return from_dataloader(parts[0], parts[1], parts[2], name=name)
        if len(value) == 2 and all(_is_array(part) for part in value):
            return from_tensors(value[0], value[1], name=name)
        if all(part is None or (isinstance(part, tuple | list) and len(part) == 2) for part in parts):
            return from_tensors(*parts[0], val=parts[1], test=parts[2], name=name)
        if all(part is None or hasattr(part, "__getitem__") or hasattr(part, "__iter__") for part in parts):
            return from_dataset(parts[0], parts[1], parts[2], name=name)
    elif hasattr(value, "__getitem__") or hasattr(value, "__iter__"):
        return from_dataset(value, name=name)
    raise DataError(
        f"{name} is a {type(value).__name__}, which cannot be read as data; give a data set, a loader, a pair of "
        "arrays (inputs, targets), or a dict with the keys train, val and test"
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) or (isinstance(value, list) and bool(value) and not callable(value))
