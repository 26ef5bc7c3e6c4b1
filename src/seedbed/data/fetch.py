"""Items of a map-style data set, read here or by worker processes, with the same bits either way.

Every item that draws random numbers is read with Python's, numpy's and torch's global generators seeded by (seed,
epoch, sample number), so an item does not depend on which process reads it, nor on what was read before. In this
process the generators are put back afterwards. Seeding takes longer than reading a small item, so it is left out as
long as no item moves a generator: then what the generators held made no difference. Items that are read here and never
draw are kept in memory (``seedbed.data.kept``).
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader

from seedbed.data.collate import collate_default
from seedbed.data.kept import KeptItems
from seedbed.data.randomness import States, global_states, moved_since, one_thread, restore_states
from seedbed.data.samples import DatasetSamples, split_item
from seedbed.errors import DataError, SeedbedError
from seedbed.seeding import GLOBALS, GlobalGenerator, reseed_globals, stream_key, stream_keys


class WorkerDiedError(DataError):
    """A loader worker ended by itself, or was ended from outside."""


def is_worker_death(error: BaseException) -> bool:
    """Whether torch says that a loader worker died. It raises that in the main thread wherever that is just then."""
    return isinstance(error, RuntimeError) and "DataLoader worker" in str(error)


@dataclass(frozen=True, slots=True)
class Request:
    """Batch ``number`` of pass ``epoch`` (None: evaluation) consists of the samples ``ids`` (int64, shape (B,))."""

    epoch: int | None
    number: int
    ids: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Failure:
    """What went wrong in a worker, as text: exceptions of user code may not survive the way between processes."""

    message: str
    details: str


class DatasetFetcher:
    """Reads batches of items, in this process or through workers that read ahead.

    Args:
        samples: The split.
        collate: ``(items, sample numbers) -> stacked``.
        seed: Root seed.
        num_workers: Worker processes; 0 reads here.
        prefetch: Batches that each worker reads ahead.
        pin: Put batches in pinned memory (for a GPU).
        keep: Keep items in memory where ``KeptItems`` may; only what is read here and stacked by default.
    """

    def __init__(
        self,
        samples: DatasetSamples,
        collate: Callable[[list[Any], Any], Any],
        *,
        seed: int,
        num_workers: int = 0,
        prefetch: int = 2,
        pin: bool = False,
        keep: bool = True,
    ) -> None:
        self._samples, self._collate, self._seed = samples, collate, seed
        self._reader = _Reader(samples, collate, seed)
        # any other way of stacking may depend on what else is in the batch
        keep = keep and num_workers == 0 and collate is collate_default and not samples.transforms
        self.kept = KeptItems(len(samples.dataset), len(samples.ids), samples.name) if keep else None
        self.num_workers, self.prefetch, self.pin = num_workers, prefetch, pin
        self._stream: Iterator[Any] | None = None
        self._next: tuple[int | None, int] | None = None
        self._plan: Iterator[Request] | None = None

    def fetch(self, requests: Iterator[Request]) -> tuple[Any, Any, npt.NDArray[np.int64]]:
        """Inputs, targets and sample numbers of the first of ``requests``.

        The rest of ``requests`` is what workers may read ahead; a fetch that is not the next of them starts anew.
        """
        first = next(requests)
        if self.num_workers == 0:
            return self._fetch_here(first)
        try:
            if self._stream is None or self._next != (first.epoch, first.number):
                self.close()
                self._start(first, requests)
            assert self._stream is not None
            assert self._plan is not None
            result = next(self._stream)
        except (RuntimeError, OSError) as error:
            if self._stream is None and not is_worker_death(error):
                raise  # it could not be started
            self.close()
            raise WorkerDiedError(
                f"{self._reader.name}: a loader worker died ({str(error).splitlines()[0]}); "
                "num_workers=0 reads in the main process and shows where"
            ) from error
        following = next(self._plan, None)
        self._next = None if following is None else (following.epoch, following.number)
        return _unwrap(result, first)

    def _fetch_here(self, request: Request) -> tuple[Any, Any, npt.NDArray[np.int64]]:
        kept = self.kept
        found = None if kept is None else kept.batch(request.ids)
        if kept is not None and found is not None:
            doubtful = kept.doubtful(request.ids, request.number)
            if not len(doubtful):
                return *found, request.ids
            inputs, targets, ids = self._read_here(replace(request, ids=doubtful))
            if not self._reader.draws and kept.agrees(ids, inputs, targets):
                return *found, request.ids
            kept.give_up("they are not the same whenever they are read")
        inputs, targets, ids = self._read_here(request)
        if kept is not None and self._reader.draws:
            kept.give_up("reading them draws random numbers")
        elif kept is not None and found is None:
            kept.add(ids, inputs, targets)
        return inputs, targets, ids

    def _read_here(self, request: Request) -> tuple[Any, Any, npt.NDArray[np.int64]]:
        with one_thread():
            result = self._reader.read(request)
        return _unwrap(result, request)

    def _start(self, first: Request, rest: Iterator[Request]) -> None:
        plan, ahead = itertools.tee(itertools.chain([first], rest))
        next(plan)
        loader: DataLoader[Any] = DataLoader(
            self._reader,  # type: ignore[arg-type]
            batch_sampler=_Requests(ahead),
            num_workers=self.num_workers,
            prefetch_factor=self.prefetch,
            collate_fn=_first,
            pin_memory=self.pin,
            worker_init_fn=_start_worker,
            # of its own, so that starting workers does not draw from the global generator
            generator=torch.Generator(),
        )
        self._plan, self._stream = plan, iter(loader)

    def without_transforms(self) -> DatasetFetcher:
        """A fetcher of the same items without their random transforms."""
        plain = DatasetSamples(self._samples.dataset, self._samples.ids, name=self._samples.name)
        return DatasetFetcher(
            plain, self._collate, seed=self._seed, num_workers=self.num_workers, prefetch=self.prefetch, pin=False
        )

    def read_sample(self, index: int, epoch: int) -> Any:
        """One item as a training in ``epoch`` reads it, in this process; the global generators end up anywhere."""
        return self._reader.read_item(index, epoch)

    def close(self) -> None:
        """Stop the workers."""
        shut_down = getattr(self._stream, "_shutdown_workers", None)
        self._stream = self._plan = self._next = None
        if shut_down is not None:
            shut_down()


class _Reader:
    """Reads and collates the items of one request; lives in the workers too."""

    def __init__(self, samples: DatasetSamples, collate: Callable[[list[Any], Any], Any], seed: int) -> None:
        self.dataset, self.transforms, self.name = samples.dataset, samples.transforms, samples.name
        self.collate, self.seed = collate, seed
        self.seeded: tuple[GlobalGenerator, ...] = ()  # the global generators that reading an item has ever moved
        self._at: int | None = None  # the sample that is being read, for messages

    def __getitems__(self, requests: list[Request]) -> list[Any]:
        return [self.read(request) for request in requests]

    @property
    def draws(self) -> bool:
        """Whether an item is not a function of its number alone."""
        return bool(self.seeded or self.transforms)

    def read(self, request: Request) -> tuple[Any, Any] | _Failure:
        """Inputs and targets of a request; the global generators are as they were."""
        before, own = global_states(), self.collate is not collate_default
        try:
            items = self._read_items(request, before)
            if own:
                reseed_globals(stream_key(self.seed, "collate", _epoch(request), request.number))
            inputs, targets = split_item(self.collate(items, request.ids.tolist()))
        except SeedbedError as error:
            return _Failure(f"{self.name}: {error}", "")
        except Exception as error:
            what = "collating a batch" if self._at is None else f"sample {self._at}"
            message = f"{self.name}: {what} failed with {type(error).__name__}: {error}"
            return _Failure(message, traceback.format_exc())
        finally:
            if own or self.seeded or self._at is not None:  # the last: reading was cut short, by a key say
                restore_states(before)
        return inputs, targets

    def _read_items(self, request: Request, before: States) -> list[Any]:
        """The items of a request; read again if they moved a generator that was not seeded for them."""
        key_of = stream_keys(self.seed, "sample", _epoch(request))
        while True:
            items: list[Any] = []
            failure: Exception | None = None
            try:
                for index in request.ids.tolist():
                    self._at = index
                    items.append(self._read_one(index, key_of(index) if self.draws else 0, self.seeded))
                self._at = None
            except Exception as error:
                failure = error
            moved = [generator for generator in moved_since(before) if generator not in self.seeded]
            if not moved:
                break
            self.seeded += tuple(moved)
            restore_states(before)
        if failure is not None:
            raise failure
        return items

    def read_item(self, index: int, epoch: int | None) -> Any:
        """The item of one sample, under the sample's own random numbers."""
        return self._read_one(index, stream_key(self.seed, "sample", -1 if epoch is None else epoch, index), GLOBALS)

    def _read_one(self, index: int, key: int, seeded: Sequence[GlobalGenerator]) -> Any:
        for generator in seeded:
            generator.seed(key)
        item = self.dataset[index]
        if not self.transforms:
            return item
        inputs, targets = split_item(item)
        rng = np.random.Generator(np.random.Philox(key=key))
        for transform in self.transforms:
            inputs = transform(inputs, rng)
        return (inputs, targets) if targets is not None else inputs


class _Requests:
    """A batch sampler for torch's DataLoader: each of its batches is one request."""

    def __init__(self, requests: Iterator[Request]) -> None:
        self._requests = requests

    def __iter__(self) -> Iterator[list[Request]]:
        for request in self._requests:
            yield [request]


def _unwrap(result: Any, request: Request) -> tuple[Any, Any, npt.NDArray[np.int64]]:
    if isinstance(result, _Failure):
        error = DataError(result.message)
        if result.details:
            error.add_note(result.details)
        raise error
    inputs, targets = result
    return inputs, targets, request.ids


def _first(results: list[Any]) -> Any:
    return results[0]


def _start_worker(worker: int) -> None:
    """Workers are stopped by their parent, not by the keyboard or by whoever stops the whole group of processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        # torch ends the trainer at once when a worker was terminated by anybody else, before it could save
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_obey_parent, daemon=True).start()


def _obey_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)


def _epoch(request: Request) -> int:
    return -1 if request.epoch is None else request.epoch
