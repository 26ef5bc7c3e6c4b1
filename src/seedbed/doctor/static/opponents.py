"""Two networks that work against each other: which way each loss pulls the score of which samples.

A loss is read as a formula of the score and its slope taken at a few scores. Only what is understood completely counts.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seedbed.doctor.static import ownership, training
from seedbed.doctor.static.formulas import core, summands
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.queries import chain
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

_POINTS = (-0.75, -0.25, 0.25, 0.75)
_STEP = 1e-5
_FLAT = 1e-7


class _UnreadError(Exception):
    """Something is not a plain formula of scores and constants."""


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _cross_entropy(out: float, goal: float) -> float:
    return -goal * math.log(out) - (1 - goal) * math.log(1 - out)


_ONE: dict[str, Callable[[float], float]] = {
    "neg": lambda x: -x,
    "relu": lambda x: max(x, 0.0),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "logsigmoid": lambda x: -math.log1p(math.exp(-x)),
    "sigmoid": _sigmoid,
    "square": lambda x: x * x,
    "abs": abs,
    **{name: getattr(math, name) for name in ("tanh", "log", "log1p", "exp", "sqrt")},
    **dict.fromkeys(("mean", "sum", "scaled", "expand_as", "float_builtin", "int_builtin"), lambda x: x),
}
_TWO: dict[str, Callable[[float, float], float]] = {
    **dict.fromkeys(("add", "Add"), lambda a, b: a + b),
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "maximum": max,
    "minimum": min,
}
_LOSSES: dict[str, Callable[[float, float], float]] = {
    "BCEWithLogitsLoss": lambda x, y: _cross_entropy(_sigmoid(x), y),
    "BCELoss": _cross_entropy,
    **dict.fromkeys(("MSELoss", "SmoothL1Loss", "HuberLoss"), lambda x, y: (x - y) ** 2),
    "L1Loss": lambda x, y: abs(x - y),
}
_FILLED = {"ones": 1.0, "ones_like": 1.0, "new_ones": 1.0, "zeros": 0.0, "zeros_like": 0.0, "new_zeros": 0.0}
_LAYOUT = frozenset(["requires_grad_", "unsqueeze_", "squeeze_", "detach_", "transpose_", "t_"])
_DRAWN = frozenset(["rand", "rand_like"])  # read as their mean


@dataclass(frozen=True)
class Pull:
    """One term of a loss: the score in it, the networks behind its samples, and its slope at each of the points."""

    score: Val
    term: Val
    back: Event
    own: frozenset[int]
    behind: frozenset[int]
    slopes: tuple[float | None, ...]


class Reader:
    """A loss as a formula of the scores in it."""

    def __init__(self, p: Program) -> None:
        self.at = 0.0
        self.bumped = 0
        self.scores: dict[int, Val] = {}
        self.part: int | None = None  # which part of a label that is put together
        self._read_at = {id(e.result): e.seq for e in p.all("loss") if e.result is not None}
        self._fills = [e for e in p.all("inplace", "setitem") if e.recv is not None and e.name not in _LAYOUT]
        self._now = 0

    def slopes(self, term: Val, score: Val) -> tuple[float | None, ...]:
        """The slope of a term along one score; ``None`` where the formula has no value."""
        found: list[float | None] = []
        for self.at in _POINTS:
            try:
                self.bumped = 0
                low = self.value(term)
                self.bumped = id(score)
                found.append((self.value(term) - low) / _STEP)
            except (ValueError, ZeroDivisionError, OverflowError, TypeError):
                found.append(None)
        return tuple(found)

    def value(self, val: Val, depth: int = 0) -> float:
        """The value of a formula where all scores are ``at``; raises when it is not understood."""
        one = core(val)
        if one.kind == "const" and isinstance(one.const, (int, float)):
            return float(one.const)
        if depth > 40 or one.kind not in ("tensor", "number"):
            raise _UnreadError
        if one.name == "loss" and len(one.args) >= 2:
            loss = next((_LOSSES[t] for t in sorted(one.tags) if t in _LOSSES), None)
            if loss is None:
                raise _UnreadError
            self._now = self._read_at.get(id(one), 0)
            return loss(self.value(one.args[0], depth + 1), self._label(one.args[1], depth + 1))
        if one.name in _ONE and one.args:
            return _ONE[one.name](self.value(one.args[0], depth + 1))
        if one.name in _TWO and len(one.args) == 2:
            return _TWO[one.name](self.value(one.args[0], depth + 1), self.value(one.args[1], depth + 1))
        if one.name in ("clamp", "clip", "clamp_min", "clamp_max") and one.args:
            return self._clamped(one, self.value(one.args[0], depth + 1))
        if one.name == "getitem" and len(one.args) == 2 and one.args[1].kind in ("const", "tuple"):
            return self.value(one.args[0], depth + 1)
        if one.owner is not None and getattr(one.owner, "kind", "") == "module" and one.kind == "tensor":
            self.scores[id(one)] = one
            return self.at + (_STEP if self.bumped == id(one) else 0.0)
        return self._label(one, depth)

    def goal(self, loss: Val) -> float | None:
        """The constant that the label of a library loss is filled with."""
        self._now = self._read_at.get(id(loss), 0)
        try:
            return self._label(loss.args[1], 0)
        except (_UnreadError, ValueError, ZeroDivisionError, OverflowError, TypeError):
            return None

    def _label(self, val: Val, depth: int) -> float:
        """The constant that a label is filled with, when the loss reads it."""
        parts = joined(val)
        if parts and self.part is not None and self.part < len(parts):
            return self._label(parts[self.part], depth + 1)
        names = {id(v) for v in ([val] if val.kind == "const" else chain(val))}
        filled = [e for e in self._fills if id(e.recv) in names and e.seq < self._now]
        if filled:
            return self._filled(filled[-1].name, filled[-1].args)
        one = core(val)
        if one.name in _FILLED:
            return _FILLED[one.name]
        if one.name in ("fill_", "zero_", "uniform_"):
            return self._filled(one.name, one.args[1:])
        if one.name in _DRAWN:
            return 0.5
        if one.name in ("full", "full_like", "new_full"):
            given = one.kwargs.get("fill_value") or (one.args[-1] if len(one.args) > 1 else None)
        elif one.name in ("tensor", "as_tensor", "FloatTensor", "Tensor") and one.args:
            given = one.args[0].items[0] if one.args[0].items and len(one.args[0].items) == 1 else one.args[0]
        else:
            given = None
            if one.name in _ONE or one.name in _TWO or one.kind == "const":
                return self.value(one, depth + 1)
        if given is None or given.kind != "const" or not isinstance(given.const, (int, float)):
            raise _UnreadError
        return float(given.const)

    def _filled(self, name: str, args: tuple[Val, ...]) -> float:
        """What a tensor holds after ``fill_`` and its like."""
        if name not in ("fill_", "zero_", "uniform_"):
            raise _UnreadError  # only some of its entries, or an arithmetic in place
        numbers = [a.const for a in args if a.kind == "const" and isinstance(a.const, (int, float))]
        if name != "zero_" and (not numbers or len(numbers) != len(args)):
            raise _UnreadError
        return sum(numbers) / len(numbers) if name != "zero_" else 0.0

    def _clamped(self, one: Val, number: float) -> float:
        """A value between the bounds that are given."""
        low = one.arg(1, "min") if one.name != "clamp_max" else None
        high = one.arg(1 if one.name == "clamp_max" else 2, "max")
        for bound in (low, high):
            if bound is not None and bound.kind != "const":
                raise _UnreadError
        if low is not None and low.const is not None:
            number = max(number, low.const)
        return min(number, high.const) if high is not None and high.const is not None else number


def pulls(p: Program) -> list[Pull]:
    """Every term of a loss that is a formula of the scores of networks, for each backward() with its own step."""
    if "pulls" not in p.cache:
        p.cache["pulls"] = list(_read(p)) if len({id(s.recv) for s in p.all("step")}) > 1 else []
    found: list[Pull] = p.cache["pulls"]
    return found


def _read(p: Program) -> Iterator[Pull]:
    reader, turns = Reader(p), set[tuple[int, int]]()
    for back in p.all("backward"):
        root = back.recv
        if root is None or back.args or back.kwargs.get("gradient") is not None:
            continue
        turn = id(back.node), id(core(root).node)  # one call for several losses: each has its own turn in a loop
        if not back.first and (turn in turns or not any(seen[0] == turn[0] for seen in turns)):
            continue
        turns.add(turn)
        own = frozenset(id(m) for m in owned(p, back))
        for sign, term in summands(root) if own else ():
            count = len(joined(term.args[1])) if term.name == "loss" and len(term.args) > 1 else 0
            for reader.part in range(count) if count else (None,):
                reader.scores, reader.at, reader.bumped = {}, 0.5, 0
                try:
                    reader.value(term)
                except (_UnreadError, ValueError, ZeroDivisionError, OverflowError, TypeError):
                    continue
                for score in list(reader.scores.values()):
                    behind = _behind(score, reader.part, count)
                    slopes = tuple(sign * s if s is not None else None for s in reader.slopes(term, score))
                    if behind is not None:
                        yield Pull(score, term, back, own, behind, slopes)


def joined(val: Val) -> list[Val]:
    """The parts of samples or labels that are put together along the batch."""
    one = core(val)
    if one.name not in ("cat", "concat", "concatenate", "vstack") or not one.args or one.number(1, "dim"):
        return []
    return list(one.args[0].items or [])


def _behind(score: Val, part: int | None, count: int) -> frozenset[int] | None:
    """The networks behind the samples that a score is for; ``None`` when these samples are not known."""
    above = list(ancestors(score, limit=400))
    if part is not None:
        whole = next((joined(v) for v in above if v.kind == "tensor" and len(joined(v)) == count), None)
        if whole is None:
            return None
        above = list(ancestors(whole[part], limit=400))
    return frozenset(id(v.owner) for v in above if v is not score and getattr(v.owner, "kind", "") == "module")


def owned(p: Program, back: Event) -> list[Val]:
    """The modules that the steps after a backward() change, up to the next backward()."""
    steps = [s for s in p.all("step") if s.seq > back.seq and s.loops == back.loops and s.recv is not None]
    end = next((e.seq for e in p.all("backward") if e.seq > back.seq), None)
    mine = [s for s in steps if end is None or s.seq < end] or steps[:1]
    found = {id(m): m for s in mine if s.recv is not None for m in ownership.held(s.recv)}
    return list(found.values())


def wasted(p: Program) -> Iterator[tuple[Val, Val, Val, Event]]:
    """Terms whose gradient ends in a network that is not stepped, as what the stepped one made was cut off.

    Gives the cut, the network that is stepped, the other one and the backward().
    """
    for back in p.once("backward"):
        own = owned(p, back) if back.recv is not None else []
        others = [m for _, _, held in ownership.optimizers(p) for m in held if all(m is not o for o in own)]
        if back.recv is None or not own or not others:
            continue
        for _, term in summands(back.recv):
            path = training.gradient_path(term)
            reached = [v.owner for v in ancestors(term) if id(v) in path and v.grad and _of_module(v)]
            reached = [r for r in reached if not r.name.endswith("Loss") and not ownership.weightless(r)]
            if not reached or not all(any(ownership.related(m, r) for m in others) for r in reached):
                continue
            if any(ownership.related(o, r) for o in own for r in reached) or not _dropped(p, back, reached):
                continue
            for cut in training.cut_points(term):
                made = ancestors(cut.args[0], limit=300) if cut.name in ("detach", "data", "item", "numpy") else ()
                maker = next((o for v in made if v.grad and _of_module(v) for o in own if _within(o, v.owner)), None)
                if maker is not None:
                    yield cut, maker, reached[0], back
                    break


def _of_module(val: Val) -> bool:
    return val.kind == "tensor" and getattr(val.owner, "kind", "") == "module"


def _within(module: Val, part: Val) -> bool:
    return module is part or ownership.contains(module, part)


def _dropped(p: Program, back: Event, reached: list[Val]) -> bool:
    """Whether the gradients that a backward() leaves in these modules are cleared before any step uses them."""
    for event in p.all("clear", "step"):
        if event.seq > back.seq and event.recv is not None:
            holds = [h for o in event.recv.options() for h in (o, *ownership.held(o)) if h.kind == "module"]
            if not holds or any(ownership.related(h, r) for h in holds for r in reached):
                return event.kind == "clear"
    return False


def against(p: Program, back: Event, losses: list[Val]) -> bool:
    """Whether a step works against the networks that its losses judge by: others train those."""
    own = owned(p, back)
    heads = [
        next((v.owner for v in ancestors(t.args[0], limit=60) if getattr(v.owner, "kind", "") == "module"), None)
        for t in losses
        if t.args
    ]
    if not heads or any(h is None or any(h is o for o in own) for h in heads):
        return False
    others = [m for _, _, held in ownership.optimizers(p) for m in held]
    return all(any(ownership.related(m, h) for m in others if m.kind == "module") for h in heads if h is not None)


def judged(p: Program, made: set[int]) -> bool:
    """Whether some critic's own loss is understood for samples of the networks ``made``."""
    return any(id(one.score.owner) in one.own and one.behind & made for one in pulls(p))


def helping(p: Program) -> Iterator[tuple[Pull, Pull]]:
    """Terms of a maker's loss that move the score of its samples as the critic does, and that term of the critic."""
    known = pulls(p)
    for maker in known:
        judge = maker.score.owner
        if id(judge) in maker.own or not maker.behind & maker.own:
            continue
        own = [one for one in known if one.score.owner is judge and id(judge) in one.own]
        fakes = [one for one in own if one.behind & (maker.own - one.own)]
        reals = [one for one in own if one not in fakes]
        if not fakes or not reals:
            continue
        apart = [
            k
            for k in range(len(_POINTS))
            if len({_way(one.slopes[k]) for one in fakes}) == len({_way(one.slopes[k]) for one in reals}) == 1
            and _way(fakes[0].slopes[k]) * _way(reals[0].slopes[k]) == -1
        ]
        if len(apart) >= 2 and all(_way(maker.slopes[k]) == _way(fakes[0].slopes[k]) for k in apart):
            yield maker, fakes[0]


def _way(slope: float | None) -> int:
    """The sign of a slope, 0 when it is flat or not known."""
    return 0 if slope is None or abs(slope) < _FLAT else (1 if slope > 0 else -1)


def written(p: Program, term: Val, others: list[Val], back: Event) -> Event | Val | Place:
    """Where a term is decided: at the call of the helper that makes it, when the other terms come from it too."""
    if not any(term.node is other.node for other in others):
        return term if term.line else back
    ours = _sites(p, term)
    theirs = [_sites(p, other) for other in others]
    if ours is None:
        return back
    for k in range(1, len(ours) + 1):
        at = ours[-k]
        if not any(s is not None and len(s) >= k and s[-k][0] is at[0] for s in theirs):
            return at
    return back


def _sites(p: Program, val: Val) -> tuple[tuple[ast.AST, Source], ...] | None:
    """The calls through which the operation that made a value was reached, the operation last."""
    stack, count = [val], 0
    while stack and count < 30:
        one = stack.pop()
        count += 1
        for event in p.all("loss", "call", "forward"):
            if event.result is one and (one.owner is None or one.name == "loss") and event.sites:
                return (*event.sites, (event.node, event.src))
        if one.kind == "tensor" and one.owner is None:
            stack.extend(one.args)
    return None
