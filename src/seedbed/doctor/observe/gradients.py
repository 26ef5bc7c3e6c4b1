"""Marks and sizes of gradients, by which one is told from the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch import Tensor

EXACT = frozenset({torch.float32, torch.float64, torch.complex64})


def exact(value: Tensor, *, copy: bool = False) -> Tensor:
    """A tensor in a type in which sums of its squares don't overflow."""
    return (value.clone() if copy else value) if value.dtype in EXACT else value.float()


def marks_of(watched: list[Tensor]) -> dict[int, tuple[int, int]]:
    """Which gradient each parameter has, and how often that was written to."""
    return {id(p): (id(p.grad), p.grad._version) for p in watched if p.grad is not None}


def sizes_of(grads: list[Tensor]) -> list[float]:
    """The norm of each gradient."""
    return [norm.item() for norm in torch._foreach_norm([exact(g) for g in grads])] if grads else []


class Sample:
    """A few numbers of the gradients that a backward pass left, by which it shows whether they were scaled since.

    Args:
        watched: Parameters that are looked at.
        plain: Says of which gradients the numbers may be read.
    """

    def __init__(self, watched: list[Tensor], plain: Callable[[object], bool]) -> None:
        self.params = [p for p in watched if plain(p.grad)]
        self.scaled = False
        self.numbers = self._now()

    def _now(self) -> Tensor | None:
        found = [p.grad.detach().reshape(-1)[:8].double().cpu() for p in self.params if p.grad is not None]
        return torch.cat(found) if found else None

    def look(self) -> bool:
        """Say whether all numbers have become smaller by one factor since they were taken."""
        old, new = self.numbers, self._now()
        if not self.scaled and old is not None and new is not None and old.shape == new.shape:
            size = float(old.norm())
            factor = float(new.norm()) / size if size > 0 else 1.0
            self.scaled = 0 < factor < 0.999 and bool((new - factor * old).abs().max() < 1e-4 * factor * size)
        return self.scaled

    def take(self) -> None:
        """Take the numbers again: what has happened to them so far is known."""
        self.numbers = self._now()


class Sampled(Protocol):
    """Something that keeps a sample of its gradients."""

    sample: Sample | None


def before_clipping(facts: Iterable[Sampled]) -> None:
    """Look whether gradients were scaled by hand before a clipping call does so."""
    for fact in facts:
        if fact.sample is not None:
            fact.sample.look()


def after_clipping(facts: Iterable[Sampled]) -> None:
    """Take the samples again after a clipping call: what it does is no division by the number of batches."""
    for fact in facts:
        if fact.sample is not None:
            fact.sample.take()
