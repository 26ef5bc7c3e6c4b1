"""Epochs of a stated length over data of another: the batches go on where they were, only the counting differs."""

from __future__ import annotations

from seedbed.batch import Batch, Cursor
from seedbed.errors import ConfigError
from seedbed.state import Batches


class VirtualEpochs:
    """``batches`` cut into epochs of ``length`` batches each; a pure function of the cursor, like what it wraps.

    Raises:
        ConfigError: The data don't know their length.
    """

    def __init__(self, batches: Batches, length: int) -> None:
        if batches.batches_per_epoch is None:
            raise ConfigError(
                "trainer.steps_per_epoch needs data of known length; give the data set a __len__, or set trainer.steps"
            )
        self.inner = batches
        self.inner_length = batches.batches_per_epoch
        self.batches_per_epoch: int | None = length

    def take(self, cursor: Cursor, count: int) -> tuple[list[Batch], Cursor]:
        """The next batches of this virtual epoch."""
        length = self.batches_per_epoch
        assert length is not None
        wanted = min(count, length - cursor.batch)
        found: list[Batch] = []
        while len(found) < wanted:
            done = cursor.epoch * length + cursor.batch + len(found)
            inner = Cursor(done // self.inner_length, done % self.inner_length)
            batches, _ = self.inner.take(inner, wanted - len(found))
            found += batches
        position = cursor.batch + wanted
        return found, Cursor(cursor.epoch + 1, 0) if position == length else Cursor(cursor.epoch, position)

    def close(self) -> None:
        self.inner.close()
