"""Training batches of an iterable data set, which is read in order and may say where it is."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from seedbed.batch import Batch, Cursor
from seedbed.data.pipeline import Pipeline
from seedbed.data.randomness import kept_globals
from seedbed.data.samples import IterableSamples, split_item
from seedbed.errors import DataError, SeedbedError
from seedbed.seeding import reseed_globals, stream_key


class StreamBatches:
    """Batches in the order in which the data set gives its items.

    One batch is read ahead, to know the end of an epoch; the cursor's ``position`` is the data set's state from
    before that batch was read. Global generators are seeded by (seed, epoch, batch) while items are read, and put
    back afterwards. Sample numbers count from 0 in each epoch.

    Args:
        samples: The data set.
        pipeline: What is done to a batch.
        collate: ``(items, sample numbers) -> stacked``.
        batch_size: Samples per batch.
        seed: Root seed.
        drop_last: Leave out the last batch of an epoch if it is short.
    """

    def __init__(
        self,
        samples: IterableSamples,
        pipeline: Pipeline,
        collate: Callable[[list[Any], Any], Any],
        *,
        batch_size: int,
        seed: int,
        drop_last: bool = False,
    ) -> None:
        self.samples, self.pipeline, self.collate = samples, pipeline, collate
        self.batch_size, self.seed, self.drop_last = batch_size, seed, drop_last
        self._dataset: Any = samples.dataset
        self.can_resume = all(
            callable(getattr(self._dataset, name, None)) for name in ("state_dict", "load_state_dict")
        )
        self.explanation = (
            f"data set {samples.name} says its position with state_dict()"
            if self.can_resume
            else f"iterable data set {samples.name} cannot say where it is, so training cannot resume inside an epoch; "
            "give it state_dict() -> dict and load_state_dict(dict) with its position, or make it map-style "
            "(__len__ and __getitem__)"
        )
        self.batches_per_epoch = self._num_batches()
        self._at: tuple[int, int] | None = None
        self._items: Iterator[Any] = iter(())
        self._ahead: list[Any] = []
        self._before_ahead: dict[str, Any] | None = None
        self._initial = self._position()

    def _num_batches(self) -> int | None:
        try:
            num_items = len(self._dataset)
        except TypeError:
            return None
        return num_items // self.batch_size if self.drop_last else math.ceil(num_items / self.batch_size)

    def take(self, cursor: Cursor, count: int) -> tuple[list[Batch], Cursor]:
        """The next ``count`` batches (fewer at the end of the epoch) and the cursor after them."""
        epoch, number = cursor.epoch, cursor.batch
        with kept_globals():
            if self._at != (epoch, number):
                self._go_to(cursor)
            elif number == 0:
                self._start(epoch, 0)
            self._at = None
            batches: list[Batch] = []
            while len(batches) < count and self._ahead:
                batches.append(self._finish(self._ahead, epoch, number))
                number += 1
                self._read_ahead(epoch, number)
            if not batches:
                raise DataError(f"data set {self.samples.name} gave no batch of {self.batch_size} in epoch {epoch}")
            ended = not self._ahead
            after = Cursor(epoch + 1, 0, self._position()) if ended else Cursor(epoch, number, self._before_ahead)
        self._at = (after.epoch, after.batch)
        return batches, after

    def _go_to(self, cursor: Cursor) -> None:
        """Go to a position that is not the next one."""
        if not self.can_resume and cursor.batch:
            raise DataError(self.explanation)
        if cursor.batch and cursor.position is None:
            raise DataError(f"data set {self.samples.name}: the position to resume from was not saved")
        if self.can_resume:
            state = self._initial if cursor.position is None else cursor.position
            self._dataset.load_state_dict(copy.deepcopy(state))
        self._start(cursor.epoch, cursor.batch)

    def _start(self, epoch: int, number: int) -> None:
        """Iterate, from where the data set is, and read the first batch."""
        set_epoch = getattr(self._dataset, "set_epoch", None)
        if set_epoch is not None:
            set_epoch(epoch)
        # at their end, some data sets end once more before they begin again
        for _ in range(1 if number else 2):
            reseed_globals(stream_key(self.seed, "stream", epoch, "start"))
            self._items = iter(self._dataset)
            self._read_ahead(epoch, number)
            if self._ahead:
                return

    def _read_ahead(self, epoch: int, number: int) -> None:
        self._before_ahead = self._position()
        reseed_globals(stream_key(self.seed, "stream", epoch, number))
        try:
            self._ahead = list(itertools.islice(self._items, self.batch_size))
        except Exception as error:
            if isinstance(error, SeedbedError):
                raise
            raise DataError(
                f"iterable data set {self.samples.name}: reading batch {number} of epoch {epoch} failed with "
                f"{type(error).__name__}: {error}"
            ) from error
        if self.drop_last and len(self._ahead) < self.batch_size:
            self._ahead = []

    def _finish(self, items: list[Any], epoch: int, number: int) -> Batch:
        start = number * self.batch_size
        ids = np.arange(start, start + len(items), dtype=np.int64)
        inputs, targets = split_item(self.collate(items, ids.tolist()))
        return self.pipeline(inputs, targets, ids, epoch)

    def _position(self) -> dict[str, Any] | None:
        return copy.deepcopy(self._dataset.state_dict()) if self.can_resume else None

    def close(self) -> None:
        """Nothing to stop: items are read in this process."""


class EvalStream:
    """The batches of an iterable split, in its order, without augmentation. Iterate again at will.

    Args:
        samples: The data set.
        pipeline: What is done to a batch; its transforms are left out.
        collate: ``(items, sample numbers) -> stacked``.
        batch_size: Samples per batch.
        seed: Root seed.
    """

    def __init__(
        self,
        samples: IterableSamples,
        pipeline: Pipeline,
        collate: Callable[[list[Any], Any], Any],
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        self.samples, self.pipeline, self.collate = samples, pipeline, collate
        self.batch_size, self.seed = batch_size, seed

    def __iter__(self) -> Iterator[Batch]:
        items: Iterator[Any] = iter(())
        for number in itertools.count():
            with kept_globals():
                reseed_globals(stream_key(self.seed, "stream evaluation", number))
                try:
                    items = iter(self.samples.dataset) if number == 0 else items
                    part = list(itertools.islice(items, self.batch_size))
                except Exception as error:
                    raise DataError(
                        f"data set {self.samples.name}: reading evaluation batch {number} failed with "
                        f"{type(error).__name__}: {error}"
                    ) from error
                if not part:
                    return
                ids = np.arange(number * self.batch_size, number * self.batch_size + len(part), dtype=np.int64)
                inputs, targets = split_item(self.collate(part, ids.tolist()))
            yield self.pipeline(inputs, targets, ids, None)

    def close(self) -> None:
        """Nothing to stop."""
