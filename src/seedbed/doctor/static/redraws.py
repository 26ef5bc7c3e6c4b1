"""Splits that are drawn anew when a training is resumed: what was held out before is trained on, and the reverse."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_SPLITS = ("random_split", "train_test_split")


def resumed(p: Program) -> Iterator[tuple[Event, Event]]:
    """Splits without a seed, and the call after them that restores a model which was trained on another split."""
    if not p.complete or not p.all("save") or any(n.attr == "indices" for n in p.nodes(ast.Attribute)):
        return  # nothing is kept, or the parts themselves may be
    seeds = [e.seq for e in p.all("call") if _sets_state(e)]
    drawn = [e for e in p.all("call") if e.name.rsplit(".", 1)[-1] in _SPLITS and not e.loops and _unseeded(e)]
    backs = p.all("backward")
    for event in drawn:
        before = max((d.seq for d in drawn if d.node is event.node and d.seq < event.seq), default=0)
        trained = max((b.seq for b in backs if b.seq < event.seq), default=0)
        if any(before <= s < event.seq for s in seeds) or (before > 0) != (before < trained):
            continue  # drawn from a known state, or twice for one training
        restores = [r for r in p.all("restore") if _of_this_run(r, event, trained > 0)]
        models = [r for r in restores if _kind(r) == "module" and _is_first(r, backs, trained)]
        both = [m for m in models for r in restores if _kind(r) == "optimizer" and _near(m, r)]
        if both and _both_used(p, event):
            yield event, both[0]
            return


def _kind(restore: Event) -> str:
    return restore.recv.kind if restore.recv is not None else ""


def _of_this_run(restore: Event, event: Event, again: bool) -> bool:
    """Whether something is restored in the run of the split: where there are several, in the same call."""
    if not again:
        return True
    return bool(restore.sites and event.sites) and restore.sites[0][0] is event.sites[0][0]


def _is_first(restore: Event, backs: list[Event], since: int) -> bool:
    """Whether nothing was trained in this run before: else the best weights are fetched, no run is resumed."""
    return not any(since < b.seq < restore.seq for b in backs) and any(b.seq > restore.seq for b in backs)


def _near(one: Event, other: Event) -> bool:
    return q.same_branch(one, other) and one.funcs[:1] == other.funcs[:1]


def _unseeded(event: Event) -> bool:
    """Whether nothing in the call itself fixes the draw."""
    if "**" in event.kwargs or any(a.name == "star" for a in event.args):
        return False
    shuffle = event.kwargs.get("shuffle")
    if shuffle is not None and not (shuffle.kind == "const" and shuffle.const is True):
        return False
    given = [event.kwargs.get("random_state"), event.kwargs.get("generator")]
    if event.name.endswith("random_split"):
        given.append(event.arg(2))
    return all(g is None or g.is_none for g in given)


def _sets_state(event: Event) -> bool:
    """Whether a call may fix the global random state: any that is named for it, but not that of a generator object."""
    last = event.name.rsplit(".", 1)[-1]
    if event.recv is not None and event.recv.name in ("Generator", "default_rng", "RandomState"):
        return False
    return "seed" in last.lower() or last in ("set_rng_state", "set_state", "setstate", "fork_rng")


def _both_used(p: Program, event: Event) -> bool:
    """Whether one part is trained on and the other one measured."""
    parts = event.result.items if event.result is not None else None
    if not parts or len(parts) < 2:
        return False
    learned = [e for e in training.forwards(p) if e.grad and e.args and training.updates(p, e.result)]
    measured = list(training.evaluations(p))
    return any(_fed(e, parts) for e in learned) and any(_fed(e, parts[1:]) for e in measured)


def _fed(event: Event, parts: list[Val]) -> bool:
    return bool(event.args) and any(v is part for v in ancestors(event.args[0], limit=300) for part in parts)
