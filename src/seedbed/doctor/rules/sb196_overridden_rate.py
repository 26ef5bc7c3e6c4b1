"""A restored optimizer brings its old learning rate and overrides the new one.

## What it does

Finds optimizers that are made with a new learning rate and then restored from the state of one with another rate.

## Why is this bad

`optimizer.load_state_dict()` restores the parameter groups too, with their learning rate. The new rate has no effect.

## Example

```python
def make(lr):
    return torch.optim.Adam(model.parameters(), lr=lr)
first = make(1e-2)
for x, y in loader:
    first.zero_grad()
    F.cross_entropy(model(x), y).backward()
    first.step()
state = first.state_dict()
second = make(1e-3)
second.load_state_dict(state)
for x, y in loader:
    second.zero_grad()
    F.cross_entropy(model(x), y).backward()
    second.step()
```

## Use instead

```python
def make(lr):
    return torch.optim.Adam(model.parameters(), lr=lr)
first = make(1e-2)
for x, y in loader:
    first.zero_grad()
    F.cross_entropy(model(x), y).backward()
    first.step()
state = first.state_dict()
second = make(1e-3)
second.load_state_dict(state)
for group in second.param_groups:
    group["lr"] = 1e-3
for x, y in loader:
    second.zero_grad()
    F.cross_entropy(model(x), y).backward()
    second.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _by_schedule(p)
    table = ownership.optimizers(p)
    for restore in p.all("restore"):
        new = next((o for _, o, _ in table if q.same(restore.recv, o)), None)
        made = next((e for e, o, _ in table if o is new), None)
        if new is None or made is None or restore.loops:
            continue
        before = [
            (e, o)
            for e, o, _ in table
            if o is not new
            and e.seq < made.seq
            and (e.node is made.node or _source(p, restore) is o)
            and o.name == new.name
            and any(s.seq < restore.seq and q.same(s.recv, o) for s in p.all("step"))
        ]
        if not before or not any(s.seq > restore.seq and q.same(s.recv, new) for s in p.all("step")):
            continue
        old_rate, new_rate = _rate(before[-1][1]), _rate(new)
        if old_rate is None or new_rate is None or old_rate == new_rate:
            continue
        if any(q.is_rate(e) and e.seq > restore.seq for e in p.all("setitem")):
            continue
        if any(e.result is not None and e.result.kind == "scheduler" for e in p.makers("scheduler")):
            continue
        yield p.report(
            "SB196",
            restore,
            f"the restored optimizer state overrides the new learning rate: lr={new_rate:g} was asked for, the state "
            f"brings back lr={old_rate:g}",
            why="load_state_dict() restores the param_groups with their lr, so the new value has no effect",
            fix='Set it after loading: for group in optimizer.param_groups: group["lr"] = lr',
            related=(q.place(new),),
        )
        return


def _source(p: Program, restore: Event) -> Val | None:
    """The optimizer whose state a restore brings back: at once, or through the one file that was saved with it."""
    state = restore.args[0] if restore.args else None
    if state is not None and state.name == "getitem" and len(state.args) == 2 and state.args[0].kind == "loaded":
        file, key = state.args[0].arg(0), state.args[1].const
        saves = [e for e in p.all("save") if len(e.args) > 1 and e.seq < restore.seq]
        known = file is not None and file.kind == "const" and all(e.args[1].kind == "const" for e in saves)
        same = [e for e in saves if known and file is not None and e.args[1].const == file.const]
        if len({id(e.node) for e in same}) != 1 or not isinstance(key, str):
            return None
        state = same[-1].args[0].attrs.get(key)
    if state is None or state.kind != "state" or state.name != "state_dict" or not state.args:
        return None
    return state.args[0] if state.args[0].kind == "optimizer" else None


def _by_schedule(p: Program) -> Iterator[Finding]:
    """A rate that is set after the schedule has noted the first one, from which it works out all later rates."""
    fixed = ("LambdaLR", "OneCycleLR", "CyclicLR")
    for made in p.makers("scheduler"):
        plan = made.result
        if plan is None or plan.name not in fixed or made.loops or made.recv is not None:
            continue
        held = plan.arg(0, "optimizer")
        later = [e for e in p.all("schedule") if q.same(e.recv, plan)]
        for event in p.all("setitem"):
            if not q.is_rate(event) or event.seq < made.seq or not later or event.seq > later[0].seq or event.conds:
                continue
            groups = list(ancestors(event.recv, limit=20)) if event.recv is not None else []
            outside = not any(s.inside(r) for r in event.loops for s in p.all("step"))
            if not outside or event.args[-1].kind != "const" or not any(q.same(held, v) for v in groups):
                continue
            yield p.report(
                "SB196",
                event,
                f"the learning rate is set after {plan.name} was made: the schedule overrides it at its first step",
                why="the schedule noted the first rate (base_lrs) when it was made, and works out all rates from it",
                fix="Set the rate before the schedule is made, or give it to the optimizer",
                related=(q.place(plan),),
            )
            break


def _rate(optimizer: Val) -> float | None:
    val = optimizer.kwargs.get("lr") or optimizer.arg(1)
    return float(val.const) if val is not None and val.kind == "const" and isinstance(val.const, (int, float)) else None
