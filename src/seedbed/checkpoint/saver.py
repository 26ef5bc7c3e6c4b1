"""Saving during a run: when the disk refuses, training goes on, says so, and tries again.

Waiting for the disk takes longer than a small model's epoch. So a checkpoint is handed to the system at once, which
keeps it whatever happens to this process, and made durable against a loss of power about once a second, at every stop
and at the end. Nothing is removed before what replaces it is durable.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seedbed.checkpoint.keep import prune, remove_leftovers, staying
from seedbed.checkpoint.pack import pack
from seedbed.checkpoint.store import Checkpoint, in_order, make_durable, save, write_again
from seedbed.checkpoint.tree import split_tensors
from seedbed.disk import Disk
from seedbed.errors import CheckpointError

LONGEST = 10.0  # seconds that a checkpoint may wait to be made durable, however slow the disk is
SHARE = 0.02  # of the time, for waiting for the disk
MOST_WAITING = 64 << 20  # bytes


class Saver:
    """Writes the checkpoints of one run and keeps the ones that should stay.

    Args:
        root: The run's checkpoint folder.
        keep_last: How many of the newest stay, at least 1.
        keep_every_epochs: The ends of epochs that are multiples of this stay too.
        say: Takes a sentence for the person who watches.
        patience: Seconds that a checkpoint may wait to be made durable; 0 to wait for the disk at every save.

    Raises:
        CheckpointError: The folder cannot be made.
    """

    def __init__(
        self,
        root: Path,
        *,
        keep_last: int,
        keep_every_epochs: int | None,
        say: Callable[[str], None],
        patience: float = 0.0,
        disk: Disk | None = None,
    ) -> None:
        self.root = root
        self.keep_last = keep_last
        self.keep_every_epochs = keep_every_epochs
        self.say = say
        self.patience = self.interval = patience
        self.disk = disk or Disk()
        self.saved_step: int | None = None
        self.failed = False
        self.untidy = False
        self.newest: Checkpoint | None = None
        self.best_step: int | None = None
        self.waiting: dict[Path, int] = {}  # saved but not yet durable, with their sizes
        self.crowded = False  # whether too much waits
        self.doubtful = False  # whether making those durable has failed before
        self.settled = time.monotonic()
        try:
            self.disk.make_folders(root)
        except OSError as error:
            raise CheckpointError(
                f"{root} cannot be made ({error.strerror}); choose another folder with --out"
            ) from None
        self.clean()
        with contextlib.suppress(OSError):  # what a process before this one has left may not be durable yet
            self.waiting = {root / name: 0 for name in in_order(self.disk.names(root))}

    def save(
        self, state: Mapping[str, Any], info: Mapping[str, Any], best_step: int | None, *, durable: bool = True
    ) -> Checkpoint | None:
        """Save, verify by reading back, and if ``durable`` settle; None if it could not be done (and said so).

        Raises:
            CheckpointError: The state holds something that cannot be saved.
        """
        step = int(state["counters"]["step"])
        if self.untidy:
            self.clean()
        try:
            checkpoint = save(self.root, state, step, info, durable=durable, disk=self.disk)
        except OSError as error:
            self.refuse(step, error)
            return None
        self.saved_step, self.failed = step, False
        self.newest, self.best_step = checkpoint, best_step
        if durable:
            return checkpoint if self.settle() else None
        self.waiting[checkpoint.path] = sum(file["size"] for file in checkpoint.manifest["files"].values())
        self.crowded = sum(self.waiting.values()) > MOST_WAITING
        return checkpoint

    @property
    def at_risk(self) -> bool:
        """Whether something was saved that a loss of power could still take."""
        return self.newest is not None and bool(self.waiting)

    def due(self) -> bool:
        """Whether it is time to wait for the disk."""
        return self.crowded or time.monotonic() - self.settled >= self.interval

    def settle(self) -> bool:
        """Make durable what waits and should stay, then remove what should not; whether nothing is at risk now."""
        if self.newest is None:
            return True
        started = time.monotonic()
        rules = (self.keep_last, self.best_step, self.keep_every_epochs, self.disk)
        try:
            if self.waiting:
                paths = [self.root / name for name in in_order(self.disk.names(self.root))]
                self.make_durable(staying(paths, self.newest, *rules) & self.waiting.keys())
        except OSError as error:
            self.doubtful = True
            self.refuse(self.newest.step, error, "made durable")
            return False
        except CheckpointError as error:  # dropped by the disk after it was read back: nothing older may be removed
            self.failed, self.newest = True, None
            self.say(f"{error}; training goes on, the last good checkpoint stays, and saving is tried again")
            return False
        self.waiting.clear()
        self.doubtful = self.crowded = False
        try:
            prune(
                self.newest,
                keep_last=self.keep_last,
                best_step=self.best_step,
                keep_every_epochs=self.keep_every_epochs,
                disk=self.disk,
            )
        except OSError as error:
            self.untidy = True
            self.say(f"an old checkpoint could not be removed ({error.strerror}); it is tried again at the next save")
        self.settled = time.monotonic()
        if self.patience:
            self.interval = max(self.patience, min(LONGEST, (self.settled - started) / SHARE))
        return True

    def make_durable(self, paths: set[Path]) -> None:
        """Make checkpoints durable, and their names.

        Raises:
            OSError: The disk refuses.
            CheckpointError: It has refused before, and has dropped one of them.
        """
        if not self.doubtful:
            make_durable(sorted(paths), disk=self.disk)
            return
        for path in sorted(paths):
            try:
                write_again(path, disk=self.disk)
            except CheckpointError:
                del self.waiting[path]
                raise
        if paths:
            self.disk.sync_folder(self.root)

    def refuse(self, step: int, error: OSError, what: str = "saved") -> None:
        """Say that the disk refuses, and remember to try again."""
        self.failed = True
        self.clean()
        self.say(
            f"the checkpoint of step {step} could not be {what} ({error.strerror}); training goes on, the last good "
            "checkpoint stays, and saving is tried again"
        )

    def clean(self) -> None:
        """Free the space that a failed save or prune took, if the disk lets us; else the next save tries again."""
        self.untidy = True
        with contextlib.suppress(OSError):
            remove_leftovers(self.root, self.disk)
            self.untidy = False


def weights_sha256(model_state: Mapping[str, Any]) -> str:
    """sha256 of the weights as a safetensors file: equal if and only if names, shapes, types and every bit are.

    This is what ``sha256sum model.safetensors`` prints in the folder of a checkpoint with these weights.
    """
    digest = hashlib.sha256()
    for piece in pack(split_tensors(dict(model_state))[1]):
        digest.update(piece)
    return digest.hexdigest()
