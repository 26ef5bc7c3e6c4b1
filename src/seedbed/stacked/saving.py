"""Saving the members of a stack: kept in memory for a moment, and written about once a second.

Writing a checkpoint takes longer than a small member's epoch. So what is saved waits as a copy, and only what is still
to be kept when the saver waits for the disk anyway is written. In the end the same checkpoints are there; a kill loses
the updates of the last moment, which are made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from seedbed.checkpoint.saver import Saver
from seedbed.checkpoint.store import Checkpoint

OWN = {"rng", "memory"}  # parts of a state that nobody changes once they are in it


class LateSaver(Saver):
    """A ``Saver`` that writes when it makes things durable, not before.

    Args:
        root: The run's checkpoint folder.
        options: As for ``Saver``.
    """

    def __init__(self, root: Path, **options: Any) -> None:
        super().__init__(root, **options)
        self.pending: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}  # state and info by step, oldest first

    def save(
        self, state: Mapping[str, Any], info: Mapping[str, Any], best_step: int | None, *, durable: bool = True
    ) -> Checkpoint | None:
        """Keep a copy; if ``durable``, write what waits."""
        step = int(state["counters"]["step"])
        self.pending.pop(step, None)  # saved again, after an evaluation that was due
        copied = {name: part if name in OWN else copy_tree(part) for name, part in state.items()}
        self.pending[step] = copied, copy_tree(dict(info))
        self.saved_step, self.best_step, self.failed = step, best_step, False
        newest = list(self.pending)[-self.keep_last :]
        for old in [old for old in self.pending if old not in newest and old != best_step and not self.is_kept(old)]:
            del self.pending[old]
        return self.newest if durable and self.settle() else None

    def is_kept(self, step: int) -> bool:
        """Whether the checkpoint that waits is one to keep for ever."""
        info = self.pending[step][1]
        every = self.keep_every_epochs
        return every is not None and bool(info["ends_epoch"]) and int(info["epoch"]) % every == 0

    @property
    def at_risk(self) -> bool:
        """Whether something was saved that a kill or a loss of power could still take."""
        return bool(self.pending) or super().at_risk

    def settle(self) -> bool:
        """Write what waits, and make it durable."""
        best = self.best_step
        for step in list(self.pending):
            state, info = self.pending.pop(step)
            if super().save(state, info, best, durable=False) is None:
                return False  # it has said so; the next save tries again
        return super().settle()


def copy_tree(tree: Any) -> Any:
    """Nested dicts and lists with their tensors copied."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().clone()
    if isinstance(tree, dict):
        return {key: copy_tree(value) for key, value in tree.items()}
    return [copy_tree(value) for value in tree] if isinstance(tree, list) else tree
