"""Inputs beside their targets: small samples of what the model was trained and evaluated on."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any

import torch
import xxhash
from torch import Tensor

from seedbed.doctor.observe.belonging import Belonging, offset_of
from seedbed.doctor.observe.facts import ForwardFact, LossCall, is_plain, version_of
from seedbed.doctor.observe.hub import Hub
from seedbed.doctor.observe.site import Site

MAX_NUMBERS = 8_000_000
MAX_BATCHES = 1200


@dataclass
class Pair:
    """One batch: inputs (N, F), targets (N, …), and the calls that they belong to."""

    forward: ForwardFact
    loss: LossCall
    inputs: Tensor
    targets: Tensor
    tokens: bool
    shape: tuple[int, ...]


class PairWatch:
    """Remembers the last input of a module until the loss names its targets.

    Args:
        recorder: The recorder whose facts it fills.
    """

    def __init__(self, recorder: Hub) -> None:
        self.recorder = recorder
        self.last: tuple[ForwardFact, weakref.ref[Tensor], Any, Any] | None = None
        self.pairs: list[Pair] = []
        self.numbers = 0
        self.tokens: dict[int, Tensor] = {}
        self.drawn: dict[int, tuple[int, int, int, Site | None]] = {}
        self.fed: deque[int] = deque(maxlen=16)  # in which orders the last inputs were drawn
        self._held: deque[Any] = deque(maxlen=128)
        self.indices: tuple[weakref.ref[Tensor], int, int] | None = None
        self.given: list[tuple[ForwardFact, Tensor]] = []
        self.given_numbers = 0
        self.kept_numbers = 0
        self.order: dict[int, tuple[int, int, Any]] = {}
        self.belonging = Belonging(recorder.rich)
        self.picks: dict[Site | None, tuple[int, weakref.ref[Tensor], set[int]]] = {}

    def input_seen(self, fact: ForwardFact, given: Tensor) -> None:
        """Remember a module's input."""
        storage = given.untyped_storage().data_ptr()
        self.last = (fact, weakref.ref(given), self.drawn.get(id(given)), self.order.get(storage))
        if id(given) in self.drawn:
            self.fed.append(self.drawn[id(given)][0])
        real = given.is_floating_point() or given.dtype == torch.uint8
        if not real or given.requires_grad or not given.ndim or self.given_numbers + given.numel() > MAX_NUMBERS:
            return
        if self.recorder.reading_rows or not fact.grad:
            self.given_numbers += given.numel()
            self.given.append((fact, _flat(fact, given)))

    def keep(self, fact: ForwardFact) -> bool:
        """Say whether there is room for the numbers of a call's input."""
        assert fact.flat is not None
        self.kept_numbers += fact.flat.numel()
        return self.kept_numbers <= MAX_NUMBERS

    def indexed(self, base: Tensor, index: Tensor, out: Tensor, site: Site | None) -> None:
        """Remember that ``out`` is ``base[index]``: which rows, in which order."""
        if len(self.drawn) > 64:
            self.drawn.clear()
        if index.numel() == base.shape[0] and out.numel() < 5_000_000 and len(self.order) < 32:
            self._reordered(base, index, out)
        last = self.indices
        if last is None or last[0]() is not index or last[1] != version_of(index):
            text = xxhash.xxh3_64_intdigest(index.numpy(force=True).tobytes())
            last = self.indices = (weakref.ref(index), version_of(index), text)
        digest = last[2]
        self.drawn[id(out)] = (digest, base.shape[0], index.numel(), site)
        if torch.is_grad_enabled() and 8 <= index.numel() < base.shape[0]:
            self._picked(index, digest, site)
        key = id(out)
        self._held.append(weakref.ref(out, lambda _: self.drawn.pop(key, None)))

    def _picked(self, index: Tensor, digest: int, site: Site | None) -> None:
        """Note a line that picks the same rows at every step, with an index that is made anew each time."""
        step = self.recorder.record.steps
        known = self.picks.get(site)
        if known is None or known[0] != digest or known[1]() is index or not self.recorder.record.num_backwards:
            self.picks[site] = (digest, weakref.ref(index), {step})
            return
        known[2].add(step)
        if len(known[2]) >= 3:
            self.recorder.record.note("same-rows", site, steps=len(known[2]), rows=index.numel())

    def _reordered(self, base: Tensor, index: Tensor, out: Tensor) -> None:
        """Remember in which order the rows of a whole data set were put."""
        host = index.detach().cpu()
        if torch.equal(host.sort().values, torch.arange(len(host))):
            before = self.order.get(base.untyped_storage().data_ptr(), (0,))[0]
            digest = xxhash.xxh3_64_intdigest(host.contiguous().numpy().tobytes(), seed=before & 0xFFFFFFFF)
            storage = out.untyped_storage()
            self.order[storage.data_ptr()] = (digest, len(host), storage)

    def loss_seen(self, given: Tensor, target: Tensor, call: LossCall) -> None:
        """Join a loss call with the last input, when both have as many samples."""
        if target.ndim and not target.is_floating_point() and call.training:
            self._look_ahead(target, call)
        if self.last is None or target.ndim == 0:
            return
        fact, reference, one, one_order = self.last
        inputs = reference()
        if inputs is None and fact.flat is not None:
            inputs = fact.flat.reshape(fact.pointer[1:])  # a part of the data that nobody holds any more
        if inputs is None or not is_plain(inputs) or not is_plain(target) or not inputs.ndim:
            return
        self.belonging.compared(fact, inputs, target, call, self.recorder.record.steps)
        self.recorder.batch_now = target.shape[0] if target.shape[0] == inputs.shape[0] else 0
        two_order = self.order.get(target.untyped_storage().data_ptr())
        if one_order and two_order and one_order[0] != two_order[0] and one_order[1] == two_order[1]:
            self.recorder.record.note("unpaired-index", call.site, rows=one_order[1], batch=len(target), whole=True)
        two = self.drawn.get(id(target))
        unfed = two is not None and two[0] not in self.fed  # labels of an earlier input, when a model reads several
        if one and two and unfed and one[0] != two[0] and one[1] == two[1] and one[2] == two[2]:
            self.recorder.record.note("unpaired-index", two[3] or one[3], rows=one[1], batch=one[2])
        root = self.recorder.record.roots.get(fact.root)
        if root is not None and root.target is None and call.training:
            root.target = target.detach().clone()
        if not inputs.is_floating_point() and inputs.ndim == 2 and target.numel() == inputs.numel():
            target = target.reshape(inputs.shape)
        if inputs.shape[0] != target.shape[0] or len(self.pairs) >= MAX_BATCHES:
            return
        size = inputs.numel() + target.numel()
        if self.numbers + size > MAX_NUMBERS or inputs.requires_grad:
            return
        self.numbers += size
        flat = _flat(fact, inputs)
        tokens = not inputs.is_floating_point() and inputs.dtype != torch.uint8
        self.pairs.append(Pair(fact, call, flat, target.detach().cpu().clone(), tokens, tuple(inputs.shape)))

    def _look_ahead(self, target: Tensor, call: LossCall) -> None:
        """Note how far the targets of a language model lie ahead of its tokens."""
        for tokens in self.tokens.values():
            ahead = offset_of(target, tokens) if target.numel() < 1_000_000 else None
            if ahead is not None:
                self.recorder.record.note(f"ahead-{ahead}", call.site, ahead=ahead, length=tokens.shape[1])

    def split(self, training: bool) -> list[Pair]:
        """Return the pairs of training passes, or those of passes that no backward pass followed."""
        return [p for p in self.pairs if p.forward.reached == training]


def _flat(fact: ForwardFact, given: Tensor) -> Tensor:
    """Return the rows (N, F) of a call's input as they were then, copied once for all who read them."""
    if fact.flat is None:
        return given.detach().reshape(given.shape[0], -1).cpu().clone()
    return fact.flat


def joined(pairs: list[Pair]) -> tuple[Any, Any] | None:
    """Return inputs (N, F) and targets (N, …) of pairs of one shape, or ``None``."""
    if not pairs:
        return None
    width, tail = pairs[0].inputs.shape[1], pairs[0].targets.shape[1:]
    same = [p for p in pairs if p.inputs.shape[1] == width and p.targets.shape[1:] == tail]
    return torch.cat([p.inputs for p in same]), torch.cat([p.targets for p in same])
