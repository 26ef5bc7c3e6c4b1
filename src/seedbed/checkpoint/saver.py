"""Saving during a run: when the disk refuses, training goes on, says so, and tries again."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seedbed.checkpoint.keep import prune, remove_leftovers
from seedbed.checkpoint.pack import pack
from seedbed.checkpoint.store import Checkpoint, save
from seedbed.checkpoint.tree import split_tensors
from seedbed.disk import Disk
from seedbed.errors import CheckpointError


class Saver:
    """Writes the checkpoints of one run and keeps the ones that should stay.

    Args:
        root: The run's checkpoint folder.
        keep_last: How many of the newest stay, at least 1.
        keep_every_epochs: The ends of epochs that are multiples of this stay too.
        say: Takes a sentence for the person who watches.

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
        disk: Disk | None = None,
    ) -> None:
        self.root = root
        self.keep_last = keep_last
        self.keep_every_epochs = keep_every_epochs
        self.say = say
        self.disk = disk or Disk()
        self.saved_step: int | None = None
        self.failed = False
        self.untidy = False
        try:
            self.disk.make_folders(root)
        except OSError as error:
            raise CheckpointError(
                f"{root} cannot be made ({error.strerror}); choose another folder with --out"
            ) from None
        self.clean()

    def save(self, state: Mapping[str, Any], info: Mapping[str, Any], best_step: int | None) -> Checkpoint | None:
        """Save, verify by reading back, then prune; None if it could not be done (and said so).

        Raises:
            CheckpointError: The state holds something that cannot be saved.
        """
        step = int(state["counters"]["step"])
        if self.untidy:
            self.clean()
        try:
            checkpoint = save(self.root, state, step, info, disk=self.disk)
        except OSError as error:
            self.refuse(step, error)
            return None
        self.saved_step, self.failed = step, False
        try:
            prune(
                checkpoint,
                keep_last=self.keep_last,
                best_step=best_step,
                keep_every_epochs=self.keep_every_epochs,
                disk=self.disk,
            )
        except OSError as error:
            self.untidy = True
            self.say(f"an old checkpoint could not be removed ({error.strerror}); it is tried again at the next save")
        return checkpoint

    def refuse(self, step: int, error: OSError) -> None:
        """Say that the disk refuses, and remember to try again."""
        self.failed = True
        self.clean()
        self.say(
            f"the checkpoint of step {step} could not be saved ({error.strerror}); training goes on, the last good "
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
