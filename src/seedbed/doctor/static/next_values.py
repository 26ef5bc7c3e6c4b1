"""Values of the next state in reinforcement learning: which network chooses the action, and which one values it."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.static import training
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_PICKS = frozenset(["gather", "take_along_dim", "getitem"])


def chosen_by_its_own(p: Program, pred: Val, future: Val) -> Val | None:
    """The choice of an action by one run of a network whose value another run of that network on the same state gives.

    One run would do for ``max``: who asks twice means two networks, of which the online one chooses.
    """
    runs = {id(f.result): f for f in training.forwards(p) if f.result is not None and f.recv is not None}
    own = {id(f.recv) for v in ancestors(pred, limit=60) if (f := runs.get(id(v))) is not None}
    if not own:
        return None
    for val in ancestors(future, limit=60):
        if val.name not in _PICKS or len(val.args) < 2:
            continue
        valued = _run(val.args[0], runs)
        for best in _choices(val):
            chooser = _run(best.args[0], runs)
            if valued is None or chooser is None or valued.result is chooser.result:
                continue
            alike = valued.recv is chooser.recv and valued.recv is not None and valued.args[:1] == chooser.args[:1]
            if alike and id(valued.recv) not in own:
                return best
    return None


def _run(val: Val, runs: dict[int, Event]) -> Event | None:
    """The run of a network whose output a value is, with nothing done to it but its layout."""
    one: Val | None = val
    for _ in range(8):
        if one is None or id(one) in runs:
            break
        inner = core(one)
        one = inner if inner is not one else None
    return runs.get(id(one)) if one is not None else None


def _choices(val: Val) -> Iterator[Val]:
    """The ``argmax`` that an index is."""
    for arg in val.args[1:]:
        for part in (arg, *(arg.items or ())):
            one = core(part)
            while one.name == "getitem" and one.args:  # best[:, None]
                one = core(one.args[0])
            if one.name == "argmax" and one.args:
                yield one
