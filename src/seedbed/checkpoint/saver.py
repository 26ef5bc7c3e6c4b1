"""Saving during a run: when the disk refuses, training goes on, says so, and tries again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seedbed.checkpoint.keep import prune, remove_leftovers
from seedbed.checkpoint.store import Checkpoint, pack, read_files, save
from seedbed.disk import Disk
from seedbed.errors import CheckpointError


class Saver:
    """Writes the checkpoints of one run and keeps the ones that should stay.

    Args:
        root: The run's checkpoint folder.
        say: Takes a sentence for the person who watches.
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
        self.disk.mkdir(root)
        remove_leftovers(root, self.disk)

    def save(self, state: Mapping[str, Any], info: Mapping[str, Any], best_step: int | None) -> Checkpoint | None:
        """Save, verify by reading back, then prune; None if it could not be done (and said so)."""
        step = int(state["counters"]["step"])
        try:
            self.disk.mkdir(self.root)
            checkpoint = save(self.root, state, step, info, disk=self.disk)
            read_files(checkpoint.path, self.disk)
        except (OSError, CheckpointError) as error:
            if isinstance(error, CheckpointError) and "can be saved" in str(error):
                raise
            self.failed = True
            remove_quietly(self.root, self.disk)
            self.say(
                f"the checkpoint of step {step} could not be saved ({error}); training goes on, the last good "
                "checkpoint stays, and saving is tried again"
            )
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
            self.say(f"an old checkpoint could not be removed: {error}")
        return checkpoint


def remove_quietly(root: Path, disk: Disk) -> None:
    """Free the space that a failed save took, if the disk lets us."""
    try:
        remove_leftovers(root, disk)
    except OSError:
        return


def weights_sha256(model_state: Mapping[str, Any]) -> str:
    """sha256 of the weights as a safetensors file: equal if and only if names, shapes, types and every bit are."""
    return hashlib.sha256(pack(dict(sorted(model_state.items())))).hexdigest()
