"""Do targets still belong to their inputs? What a loader gave together must meet again in the loss."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seedbed.doctor.observe.facts import ForwardFact, LossCall, is_plain
from seedbed.doctor.observe.rows import MAX_ROWS, row_hashes
from seedbed.doctor.observe.site import Site

STEPS = 5
REBUILDING = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy")


@dataclass
class Mismatch:
    """A loss call whose targets belong to other samples of the batch than its inputs."""

    forward: int
    site: Site | None
    batch: int
    wrong: float
    tiled: bool


class Belonging:
    """Remembers the last batches of the loaders, row by row.

    Args:
        known: The recorder's memory of which kinds of rows can be told apart.
    """

    def __init__(self, known: dict[Any, Any]) -> None:
        self.known = known
        self.batches: deque[dict[int, float]] = deque(maxlen=3)
        self.labels: deque[Tensor] = deque(maxlen=3)
        self.last: weakref.ref[Tensor] | None = None
        self.right: set[int] = set()
        self.wrong: list[Mismatch] = []
        self.noisy: list[tuple[Site | None, str]] = []

    def given(self, tensors: list[Tensor], step: int) -> None:
        """Remember a batch that a loader gave: its first tensor are the inputs, its last one the labels."""
        if not tensors or not tensors[0].ndim:
            return
        self.last = weakref.ref(tensors[0])
        inputs, labels = tensors[0], tensors[-1]
        if step > STEPS or len(tensors) < 2 or labels.numel() != len(inputs) or len(inputs) > MAX_ROWS:
            return
        flat = labels.detach().reshape(-1)
        values = flat.double().tolist()
        rows = dict(zip(row_hashes(inputs, self.known), values, strict=False))
        if inputs.ndim >= 3 and inputs.shape[1] <= 16:
            parts = row_hashes(inputs.detach().flatten(0, 1), self.known)
            if len(parts) == inputs.shape[0] * inputs.shape[1]:
                rows.update((part, values[i // inputs.shape[1]]) for i, part in enumerate(parts))
        self.batches.append(rows)
        self.labels.append(flat)

    def compared(self, fact: ForwardFact, inputs: Tensor, target: Tensor, call: LossCall, step: int) -> None:
        """Look whether the targets of a loss call are those that came with the rows of the model's input."""
        if call.training and step <= STEPS and call.name in REBUILDING:
            self._rebuilt(inputs, target, call)
        if not call.training or step > STEPS or not self.batches or target.numel() != fact.batch or fact.batch < 8:
            return
        rows = fact.rows
        if len(rows) != fact.batch:
            return
        actual = target.detach().reshape(-1).double().tolist()
        for table in reversed(self.batches):
            wanted = [table.get(row) for row in rows]
            if None in wanted:
                continue
            wrong = sum(a != b for a, b in zip(wanted, actual, strict=True)) / len(actual)
            if wrong < 0.1:
                self.right.add(fact.number)
            elif wrong > 0.2 and sorted(wanted) == sorted(actual):  # type: ignore[type-var]
                tiled = any(_is_tiled(target.detach().reshape(-1), labels) for labels in self.labels)
                self.wrong.append(Mismatch(fact.number, call.site, len(rows), wrong, tiled))
            return

    def _rebuilt(self, inputs: Tensor, target: Tensor, call: LossCall) -> None:
        """Note a loss whose target is the disturbed input of the model, not what the loader gave."""
        clean = self.last() if self.last is not None else None
        if clean is None or not is_plain(clean) or not clean.is_floating_point() or clean.shape != inputs.shape:
            return
        if target.shape != inputs.shape or clean.numel() > 2_000_000 or not torch.equal(target, inputs):
            return
        change = (inputs - clean).detach().float()
        where = change != 0
        share = float(where.float().mean())
        if share < 0.02:
            return
        kept, size = clean.detach().float(), float(clean.float().std()) + 1e-12
        erased = bool((inputs.detach()[where] == 0).all())
        apart = float((change * kept).mean() - change.mean() * kept.mean()) / (float(change.std()) * size + 1e-12)
        additive = share > 0.9 and abs(apart) < 0.2 and abs(float(change.mean())) < 0.2 * float(change.std())
        if additive and 0.05 < float(change.std()) / size < 1.3:
            self.noisy.append((call.site, "noise"))
        elif erased and share < 0.9:
            self.noisy.append((call.site, "zeros"))


def _is_tiled(target: Tensor, labels: Tensor) -> bool:
    times = len(target) // max(len(labels), 1)
    return times > 1 and len(target) == times * len(labels) and torch.equal(target, labels.repeat(times))


def offset_of(target: Tensor, tokens: Tensor) -> int | None:
    """Return by how many places targets are ahead of the tokens (B, T) at the same position, ``None`` when unclear."""
    batch, length = tokens.shape
    if not batch or target.numel() % batch or length < 6:
        return None
    rows = target.detach().reshape(batch, -1)
    if not length - 3 <= rows.shape[1] <= length:
        return None
    for ahead in (0, 1, 2, 3):
        size = min(rows.shape[1], length - ahead)
        if torch.equal(rows[:, :size], tokens[:, ahead : ahead + size].to(rows.dtype)):
            return ahead
    return None
