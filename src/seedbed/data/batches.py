"""Batches for training and for evaluation.

Training batches are a pure function of the cursor: taking the same cursor twice gives the same bits, whatever was
taken in between, and nothing has to be saved. Data in memory are gathered a whole batch at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seedbed.batch import Batch, Cursor, leaves, map_tensors
from seedbed.data.fetch import DatasetFetcher, Request
from seedbed.data.order import Indices
from seedbed.data.pipeline import Pipeline
from seedbed.data.placement import Placement, free_memory, place
from seedbed.data.samplers import TABLE_LIMIT, Listed, Sampler, Sequential
from seedbed.data.samples import DatasetSamples, TensorSamples, gather, select_rows
from seedbed.errors import DataError

AHEAD = 256 << 10
"""Bytes of small batches that are gathered together, so that what a call costs is shared among them."""
ALIGNMENT = 64
"""Bytes. A batch of a shared gather begins at such a multiple, as memory of its own does: so its bits are the same."""


class MemoryGather:
    """Batches out of in-memory samples, finished by the pipeline.

    Where the pipeline has nothing random in it, the whole split is put through once, so that a batch is one gather
    per tensor; each number goes through the same operations either way, so the bits are the same.
    """

    def __init__(self, samples: TensorSamples, pipeline: Pipeline) -> None:
        self.samples, self.pipeline = samples, pipeline
        self._version = (-1, False)
        self.placement: Placement | None = None
        self._finished = False
        self._plain = isinstance(samples.inputs, Tensor) and isinstance(samples.targets, Tensor)
        self.inputs, self.targets = samples.inputs, samples.targets
        self.rows = samples.rows
        self._modules = [m for m in (pipeline.normalizer, pipeline.target_normalizer) if m is not None]

    def version(self) -> int:
        """Changes when the normalizers' statistics do."""
        return sum([b._version for module in self._modules for b in module._buffers.values() if b is not None])

    def refresh(self) -> bool:
        """Lay the data out again if the statistics have changed since; whether that was so."""
        version = (self.version() if self._modules else 0, self.pipeline.channels_last)
        if version == self._version:
            return False
        self._version = version
        self._lay_out()
        return True

    def _lay_out(self) -> None:
        samples, pipeline = self.samples, self.pipeline
        self.inputs, self.targets, self.rows, self._finished = samples.inputs, samples.targets, samples.rows, False
        on_cpu = pipeline.device.type == "cpu"
        has_images = any(leaf.dtype == torch.uint8 for leaf in leaves(self.inputs))
        as_they_are = not has_images and not self._modules and not pipeline.channels_last
        if pipeline.pure and on_cpu and as_they_are:
            self._finished = True  # nothing to do to a batch
            return
        self.placement = self.place()
        if self.placement.kind == "finished":
            chunks = [samples.gather(chunk) for chunk in torch.from_numpy(self.rows).split(65536)]
            finished = [(pipeline.finish_inputs(x, None, None), pipeline.finish_targets(y)) for x, y in chunks]
            self.inputs, self.targets = _concatenate([x for x, _ in finished]), _concatenate([y for _, y in finished])
            self.rows, self._finished = np.arange(len(samples), dtype=np.int64), True
        elif self.placement.kind == "raw":
            self.inputs, self.targets = _to(self.inputs, pipeline.device), _to(self.targets, pipeline.device)

    def place(self) -> Placement:
        """Where the split is to lie."""
        tensors = leaves((self.samples.inputs, self.samples.targets))
        images = any(leaf.dtype == torch.uint8 for leaf in leaves(self.samples.inputs))
        return place(
            num_bytes(tensors),
            self.pipeline.device,
            pure=self.pipeline.pure,
            images=images,
            overlapping=any(overlaps(leaf) for leaf in tensors),
            resident=self.pipeline.resident,
            free=free_memory(self.pipeline.device),
        )

    @property
    def device(self) -> torch.device:
        """Where the tensors lie, so where row numbers must be."""
        return leaves(self.inputs)[0].device

    @property
    def is_plain(self) -> bool:
        """Whether a batch is one gather out of ``inputs`` and one out of ``targets``, both tensors."""
        return self._finished and self._plain

    def batch(self, rows: Tensor, ids: npt.NDArray[np.int64], epoch: int | None) -> Batch:
        """The batch of these rows; ``epoch`` keys its augmentation, None leaves it out."""
        if self._finished:
            inputs, targets = self.inputs, self.targets
            if self._plain:
                return Batch(select_rows(inputs, rows), targets.index_select(0, rows), ids)
            return Batch(gather(inputs, rows), gather(targets, rows), ids)
        return self.pipeline(gather(self.inputs, rows), gather(self.targets, rows), ids, epoch)


class Gathers(NamedTuple):
    """A pass whose batches are rows of finished tensors: ``rows`` and ``ids`` (sample numbers) of each batch."""

    inputs: Tensor
    targets: Tensor
    rows: list[Tensor]
    ids: list[Indices]


class TrainBatches:
    """The training batches, epoch after epoch.

    Args:
        samples: The training split.
        sampler: Which samples make up an epoch, in which order.
        pipeline: What is done to a batch.
        batch_size: Samples per batch.
        drop_last: Leave out the last batch of an epoch if it is short.
        batches_per_epoch: What counts as an epoch, if not one pass over the data; passes then follow each other
            without a break.
        fetcher: Reads the items of a map-style data set.
    """

    can_resume = True
    explanation = "the order is a pure function of seed, epoch and index"

    def __init__(
        self,
        samples: TensorSamples | DatasetSamples,
        sampler: Sampler | Listed,
        pipeline: Pipeline,
        *,
        batch_size: int,
        drop_last: bool = False,
        batches_per_epoch: int | None = None,
        fetcher: DatasetFetcher | None = None,
    ) -> None:
        self.samples, self.sampler, self.pipeline = samples, sampler, pipeline
        self.batch_size, self.drop_last = batch_size, drop_last
        self.batches_per_pass = count_batches(sampler, batch_size, drop_last)
        if self.batches_per_pass == 0:
            raise DataError(
                f"{samples.name}: {len(samples)} training samples make no batch of {batch_size} with drop_last; "
                "use a smaller batch_size or drop_last=False"
            )
        self.batches_per_epoch: int | None = batches_per_epoch or self.batches_per_pass
        self._memory = MemoryGather(samples, pipeline) if isinstance(samples, TensorSamples) else None
        self.fetcher = fetcher
        self._pass: int | None = None
        self._rows: Tensor | None = None  # of the pass, in its order; where that is not laid out, None
        self._ids: Indices = samples.ids
        self._ready: dict[int, Batch] = {}
        self._together = 1

    def take(self, cursor: Cursor, count: int) -> tuple[list[Batch], Cursor]:
        """The next ``count`` batches (fewer at the end of the epoch) and the cursor after them."""
        start, total = cursor.batch, self.batches_per_epoch
        assert total is not None
        if start >= total:
            raise DataError(
                f"{self.samples.name}: the position is batch {start} of epoch {cursor.epoch}, but an epoch has {total} "
                "batches; data, batch_size and split must be those of the run that is continued"
            )
        stop = min(start + count, total)
        batches = [self._batch(cursor.epoch, number) for number in range(start, stop)]
        return batches, Cursor(cursor.epoch, stop) if stop < total else Cursor(cursor.epoch + 1)

    def _batch(self, epoch: int, number: int) -> Batch:
        if self.batches_per_epoch != self.batches_per_pass:
            epoch, number = divmod(epoch * (self.batches_per_epoch or 0) + number, self.batches_per_pass)
        memory = self._memory
        if memory is None:
            assert self.fetcher is not None
            inputs, targets, ids = self.fetcher.fetch(self.requests(epoch, number))
            return self.pipeline(inputs, targets, ids, epoch)
        if memory.refresh() or epoch != self._pass:
            self._lay_out(memory, epoch)
        if self._together > 1:
            return self._one_of_many(memory, number)
        if self._rows is not None:
            part = self._part(number)
            return memory.batch(self._rows[part], self._ids[part], epoch)
        positions = self.positions(epoch, number)
        rows = torch.from_numpy(memory.rows[positions]).to(memory.device)
        return memory.batch(rows, self.samples.ids[positions], epoch)

    def _one_of_many(self, memory: MemoryGather, number: int) -> Batch:
        """A batch that is gathered together with those after it. Each is given out once, as it may be written to."""
        if number not in self._ready:
            assert self._rows is not None
            part, size = self._part(number, self._together), self.batch_size
            rows, ids = self._rows[part], self._ids[part]
            inputs, targets = (tensor.index_select(0, rows).split(size) for tensor in (memory.inputs, memory.targets))
            numbers = [ids[start : start + size] for start in range(0, len(ids), size)]
            self._ready = dict(enumerate(map(Batch, inputs, targets, numbers), number))
        return self._ready.pop(number)

    def _part(self, number: int, count: int = 1) -> slice:
        """Where ``count`` batches from this one on are in the order of a pass."""
        return slice(number * self.batch_size, (number + count) * self.batch_size)

    def gathers(self, epoch: int) -> Gathers | None:
        """The batches of a whole epoch as what they gather; None if a batch is more than one gather a tensor."""
        memory = self._memory
        if memory is None or self.batches_per_epoch != self.batches_per_pass:
            return None
        if memory.refresh() or epoch != self._pass:
            self._lay_out(memory, epoch)
        if self._rows is None or not memory.is_plain:
            return None
        rows = list(self._rows.split(self.batch_size))
        ids = [self._ids[self._part(number)] for number in range(len(rows))]
        return Gathers(memory.inputs, memory.targets, rows, ids)

    def placement(self) -> Placement | None:
        """Where the samples lie while training; None if they are read one by one."""
        return None if self._memory is None else self._memory.place()

    def positions(self, epoch: int, number: int) -> Indices:
        """Which samples of the split make up batch ``number`` of pass ``epoch``."""
        if isinstance(self.sampler, Listed):
            return self.sampler.batches(epoch)[number]
        return self.sampler.indices(epoch, number * self.batch_size, (number + 1) * self.batch_size)

    def requests(self, epoch: int, number: int) -> Iterator[Request]:
        """What a fetcher must read from this batch on, for ever."""
        while True:
            yield Request(epoch, number, self.samples.ids[self.positions(epoch, number)])
            number += 1
            if number == self.batches_per_pass:
                epoch, number = epoch + 1, 0

    def _lay_out(self, memory: MemoryGather, epoch: int) -> None:
        """Put the order of one pass where the data lie, once, so that a batch costs no conversion."""
        self._pass, self._rows, self._ready, self._together = epoch, None, {}, 1
        if isinstance(self.sampler, Listed) or self.sampler.num_samples > TABLE_LIMIT:
            return
        order = self.sampler.indices(epoch, 0, self.sampler.num_samples)
        self._rows = torch.from_numpy(memory.rows[order]).to(memory.device)
        self._ids = self.samples.ids[order]
        if memory.is_plain and memory.device.type == "cpu":
            self._together = batches_together(memory.inputs, memory.targets, self.batch_size)

    def in_order(self, batch_size: int) -> EvalBatches:
        """The training samples once, in order, finished but not augmented."""
        fetcher = None if self.fetcher is None else self.fetcher.without_transforms()
        return EvalBatches(self.samples, self.pipeline, batch_size=batch_size, fetcher=fetcher)

    def close(self) -> None:
        """Stop worker processes."""
        if self.fetcher is not None:
            self.fetcher.close()


class EvalBatches:
    """All samples of a split once, in order, without augmentation; the short last batch is kept. Iterate again at will.

    Args:
        samples: The split.
        pipeline: What is done to a batch; its transforms are left out.
        batch_size: Samples per batch.
        fetcher: Reads the items of a map-style data set.
    """

    def __init__(
        self,
        samples: TensorSamples | DatasetSamples,
        pipeline: Pipeline,
        *,
        batch_size: int,
        fetcher: DatasetFetcher | None = None,
    ) -> None:
        self.samples, self.pipeline, self.batch_size = samples, pipeline, batch_size
        # without its transforms the pipeline has nothing random in it
        plain = Pipeline(
            pipeline.device,
            seed=pipeline.seed,
            normalizer=pipeline.normalizer,
            target_normalizer=pipeline.target_normalizer,
        )
        self._plain = plain
        self._memory = MemoryGather(samples, plain) if isinstance(samples, TensorSamples) else None
        self.fetcher = fetcher
        self._sampler = Sequential(len(samples))

    @property
    def num_samples(self) -> int:
        return len(self.samples)

    def __len__(self) -> int:
        return count_batches(self._sampler, self.batch_size, drop_last=False)

    def __iter__(self) -> Iterator[Batch]:
        if self._memory is not None:
            return self._from_memory(self._memory)
        return self._from_dataset()

    def _from_memory(self, memory: MemoryGather) -> Iterator[Batch]:
        self._plain.channels_last, self._plain.resident = self.pipeline.channels_last, self.pipeline.resident
        memory.refresh()
        rows = torch.from_numpy(memory.rows).to(memory.device)
        for start in range(0, len(self.samples), self.batch_size):
            stop = start + self.batch_size
            yield memory.batch(rows[start:stop], self.samples.ids[start:stop], None)

    def _from_dataset(self) -> Iterator[Batch]:
        assert self.fetcher is not None
        ids, size = self.samples.ids, self.batch_size
        requests = [Request(None, n, ids[n * size : (n + 1) * size]) for n in range(len(self))]
        try:
            for number in range(len(requests)):
                inputs, targets, names = self.fetcher.fetch(iter(requests[number:]))
                yield self.pipeline(inputs, targets, names, None)
        finally:
            self.fetcher.close()

    def close(self) -> None:
        """Stop worker processes."""
        if self.fetcher is not None:
            self.fetcher.close()


def count_batches(sampler: Sampler | Listed, batch_size: int, drop_last: bool) -> int:
    """Batches in one pass."""
    if isinstance(sampler, Listed):
        return sampler.num_batches
    full, rest = divmod(sampler.num_samples, batch_size)
    return full + (rest > 0 and not drop_last)


def batches_together(inputs: Tensor, targets: Tensor, batch_size: int) -> int:
    """How many batches are gathered by one call; 1 where a batch alone is worth its call."""
    sizes = [batch_size * tensor[:1].numel() * tensor.element_size() for tensor in (inputs, targets)]
    if not inputs.is_contiguous() or any(size == 0 or size % ALIGNMENT for size in sizes):
        return 1
    return max(1, AHEAD // max(sizes))


def num_bytes(tree: Any) -> int:
    """Bytes of all tensors in a tree."""
    return sum(leaf.numel() * leaf.element_size() for leaf in leaves(tree))


def overlaps(tensor: Tensor) -> bool:
    """Whether the rows share memory (windows of a series), so that a copy would be larger than the original."""
    return tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes()


def _to(tree: Any, device: torch.device) -> Any:
    return map_tensors(lambda tensor: tensor.to(device), tree)


def _concatenate(trees: list[Any]) -> Any:
    first = trees[0]
    if len(trees) == 1 or first is None:
        return first
    if isinstance(first, Tensor):
        return torch.cat(trees)
    if isinstance(first, dict):
        return {key: _concatenate([tree[key] for tree in trees]) for key in first}
    return type(first)(_concatenate(list(parts)) for parts in zip(*trees, strict=True))
