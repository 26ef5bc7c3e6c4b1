"""How data loaders are read: how far, in which order, and whether the samples stay the same."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
import xxhash
from torch import Tensor
from torch.utils import data
from torch.utils.data.dataloader import _BaseDataLoaderIter

from seedbed.doctor.observe.facts import EpochFact, LoaderFact, is_plain
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.rows import row_hashes
from seedbed.doctor.observe.site import here, in_for_loop, names_of, user_frame

MAX_EPOCHS = 400
DETAILED_EPOCHS = 4
ORDERED_EPOCHS = 2
MAX_BYTES = 1 << 16


class LoaderWatch:
    """Wraps ``DataLoader`` and its iterators.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.keys: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.open: weakref.WeakKeyDictionary[Any, tuple[LoaderFact, EpochFact]] = weakref.WeakKeyDictionary()
        self.stored: weakref.WeakKeyDictionary[Any, list[Tensor]] = weakref.WeakKeyDictionary()

    def built(self, loader: Any) -> LoaderFact | None:
        """Write down a loader."""
        key = self.keys.get(loader)
        if key is not None:
            return self.record.loaders.get(key)
        if len(self.record.loaders) >= 100:
            return None
        key = len(self.record.loaders) + 1
        self.keys[loader] = key
        length, samples = _length(loader), _length(loader.dataset)
        settings = {
            "batch_size": loader.batch_size,
            "drop_last": loader.drop_last,
            "num_workers": loader.num_workers,
            "sampler": type(loader.sampler).__name__,
            "iterable": isinstance(loader.dataset, data.IterableDataset),
            "worker_init": loader.worker_init_fn is not None,
            "dataset": type(loader.dataset).__name__,
        }
        weights = getattr(loader.sampler, "weights", None)
        if isinstance(weights, Tensor):
            settings["num_weights"] = weights.numel()
            settings["num_drawn"] = int(getattr(loader.sampler, "num_samples", 0))
        fact = LoaderFact(key, here(), (), length, samples, settings, loader)
        self.record.loaders[key] = fact
        return fact

    def started(self, loader: Any, iterator: Any) -> None:
        """Note the start of a pass."""
        fact = self.built(loader)
        if fact is None or len(fact.epochs) >= MAX_EPOCHS:
            return
        frame = user_frame(1)
        names = names_of(frame, loader)
        fact.names = tuple(dict.fromkeys(fact.names + names))
        epoch = EpochFact(self.record.steps, site=here())
        fact.epochs.append(epoch)
        self.open[iterator] = (fact, epoch)
        if loader.num_workers == 0:
            self.stored[iterator] = stored_samples(loader.dataset)

    def versions(self, iterator: Any) -> list[int]:
        """How often each tensor that the data set stores has been written to."""
        return [tensor._version for tensor in self.stored.get(iterator, ())]

    def changed(self, iterator: Any) -> None:
        """Note that reading a batch has changed the stored samples."""
        known = self.open.get(iterator)
        if known is not None:
            known[1].changed += 1

    def given(self, iterator: Any, batch: Any) -> None:
        """Note one batch that the loader gave."""
        known = self.open.get(iterator)
        if known is None:
            return
        fact, epoch = known
        epoch.batches += 1
        self.recorder.loader_now = fact.key
        tensors = [t for t in _tensors(batch) if is_plain(t)]
        if tensors and tensors[0].ndim:
            self.recorder.batch_now = tensors[0].shape[0]
            fact.settings.setdefault("rank", tensors[0].ndim)
            if self.recorder.detailed:
                self.recorder.pairs.belonging.given(tensors, self.record.steps)
        if epoch.batches <= 2:
            frame = user_frame(1)
            epoch.in_for = frame is not None and in_for_loop(frame)
        if not tensors or len(fact.epochs) > DETAILED_EPOCHS or epoch.batches > 400:
            return
        if len(fact.epochs) > ORDERED_EPOCHS and epoch.batches > 1:
            return
        epoch.sizes.append(tensors[0].shape[0] if tensors[0].ndim else 0)
        epoch.digests.append(_digest(tensors[0]))
        if len(tensors) > 1 and fact.settings["sampler"] == "SequentialSampler":
            epoch.label_digests.append(_digest(tensors[-1]))
        shared = fact.settings["iterable"] and fact.settings["num_workers"] > 1
        if shared and len(epoch.rows) < 20_000:
            epoch.rows.update(row_hashes(tensors[0], self.recorder.rich))

    def passed(self, iterator: Any, original: Callable[[Any], Any]) -> Any:
        """Hand a batch on unseen; only whose it is and the end of the pass are noted."""
        known = self.open.get(iterator)
        if known is not None:
            self.recorder.loader_now = known[0].key
        try:
            return original(iterator)
        except StopIteration:
            self.recorder.guard.run(self.ended, iterator)
            raise

    def ended(self, iterator: Any) -> None:
        """Note that a pass came to its end."""
        known = self.open.get(iterator)
        if known is not None:
            known[1].ended = True
            self.recorder.loader_now = 0


def stored_samples(dataset: Any) -> list[Tensor]:
    """Float tensors with one row a sample that a data set keeps, also the one behind subsets."""
    while isinstance(dataset, data.Subset):
        dataset = dataset.dataset
    kept = [*getattr(dataset, "__dict__", {}).values(), *(getattr(dataset, "tensors", None) or ())]
    count = _length(dataset)
    return [
        tensor
        for tensor in kept
        if isinstance(tensor, Tensor) and tensor.is_floating_point() and not tensor.is_inference()
        if tensor.ndim and len(tensor) == count > 0
    ]


def _length(thing: Any) -> int:
    try:
        return len(thing)
    except TypeError:
        return 0


def _tensors(batch: Any) -> list[Tensor]:
    if isinstance(batch, Tensor):
        return [batch]
    if isinstance(batch, dict):
        return [t for value in batch.values() for t in _tensors(value)]
    if isinstance(batch, list | tuple):
        return [t for value in batch for t in _tensors(value)]
    return []


def _digest(tensor: Tensor) -> int:
    flat = tensor.detach().reshape(-1)
    if flat.dtype == torch.bfloat16:
        flat = flat.float()
    step = max(1, flat.numel() * flat.element_size() // MAX_BYTES)
    return xxhash.xxh3_64_intdigest(flat[::step].cpu().contiguous().numpy().tobytes())


def install(watch: LoaderWatch, patches: Any) -> None:
    """Wrap the loader classes."""
    recorder, guard = watch.recorder, watch.recorder.guard

    def init(original: Callable[..., Any]) -> Callable[..., Any]:
        def build(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            guard.run(watch.built, self)

        return build

    def iterate(original: Callable[..., Any]) -> Callable[..., Any]:
        def begin(self: Any) -> Any:
            iterator = original(self)
            guard.run(watch.started, self, iterator)
            return iterator

        return begin

    def advance(original: Callable[..., Any]) -> Callable[..., Any]:
        def following(self: Any) -> Any:
            if not recorder.detailed:
                return watch.passed(self, original)
            before = guard.run(watch.versions, self)
            paused = recorder.record.steps > 0 and recorder.tensors.pause()
            try:
                batch = original(self)
            except StopIteration:
                guard.run(watch.ended, self)
                raise
            finally:
                if paused:
                    recorder.tensors.switch(True)
            if before and before != guard.run(watch.versions, self):
                guard.run(watch.changed, self)
            guard.run(watch.given, self, batch)
            return batch

        return following

    patches.replace(data.DataLoader, "__init__", init)
    patches.replace(data.DataLoader, "__iter__", iterate)
    patches.replace(_BaseDataLoaderIter, "__next__", advance)
