"""Rows of one group are on both sides of the split.

## What it does

Finds random splits by row where the rows belong to groups: several recordings of one patient, speaker or user.

## Why is this bad

Rows of one group resemble each other. The model recognises the group, and the score on "new" rows is too good.

## Example

```python
from sklearn.model_selection import train_test_split
who = torch.arange(30).repeat_interleave(10)
signature = torch.randn(30, 4)
x = signature[who] + 0.1 * torch.randn(300, 4)
x_train, x_test = train_test_split(x, test_size=0.2, random_state=0)
model(x_train)
```

## Use instead

```python
from sklearn.model_selection import GroupShuffleSplit
who = torch.arange(30).repeat_interleave(10)
signature = torch.randn(30, 4)
x = signature[who] + 0.1 * torch.randn(300, 4)
train, test = next(GroupShuffleSplit(test_size=0.2, random_state=0).split(x, groups=who))
model(x[train])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_WHO = frozenset(
    ["subject", "subjects", "patient", "patients", "speaker", "speakers", "user", "users", "person", "group", "groups"]
) | {
    "participant",
    "participants",
    "owner",
    "site",
    "hospital",
    "animal",
    "session",
    "donor",
    "customer",
    "device",
    "who",
    "pid",
    "uid",
}
_ROWWISE = frozenset(["ShuffleSplit", "StratifiedShuffleSplit", "KFold", "StratifiedKFold"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    who = _groups(p)
    if who is None or _is_input(p, who):
        return
    splits = list(_row_splits(p))
    aware = any(_aware(e, who) for e in p.all("call") if e not in splits)
    if aware or not splits:
        return
    event = splits[0]
    yield p.report(
        "SB437",
        event,
        f"the split is by row, but rows belong to groups ({who.var or 'repeated sources'}): rows of one group are "
        "in both the training and the test part (a group leak)",
        why="rows of one subject or source resemble each other, so the model knows the test rows already",
        fix="Split by group: GroupShuffleSplit or GroupKFold with groups=..., or shuffle the group ids and cut those",
        related=(q.place(who),),
    )


def _groups(p: Program) -> Val | None:
    """The array that says to which group each row belongs."""
    named: Val | None = None
    kept = [(e.name, e.args[0], e) for e in p.all("attribute") if e.args]
    for name, val, _ in [*p.assigns, *kept]:
        repeated = val.name in ("repeat_interleave", "np_repeat", "repeat") and val.args
        ids = repeated and val.args[0].name in ("arange", "range")
        if ids and val.kind == "tensor":
            feeds = [f for part in lineage.feeds(p) for f in part]
            target = any(val in lineage.path(f.y) for f in feeds if f.y is not None)
            if set(words(name)) & _WHO or (not target and _indexes_rows(p, val)):
                return val
        if val.kind == "tensor" and set(words(name)) & _WHO and val.name in ("randint", "np_randint", "integers"):
            named = val
    if named is not None:
        return named
    for node in q.nodes(p, ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and set(words(key.value)) & _WHO:
            column = words(key.value)
            if "id" in column or len(column) == 1:
                base = next((e.recv for e in p.all("getitem") if e.node is node), None)
                if base is not None and "pandas" in base.tags:
                    val = Val("unknown", "column", node, p.source)
                    val.var = key.value
                    return val
    return None


def _is_input(p: Program, who: Val) -> bool:
    """Whether the ids themselves go into the model or are what it predicts: users of a recommender, say."""
    given = [a for e in p.all("forward") for a in e.args] + [f.y for f in lineage.feeds(p)[0] if f.y is not None]
    return any(who is v for a in given for v in lineage.path(a))


def _indexes_rows(p: Program, ids: Val) -> bool:
    """Whether a table of groups is spread over the rows of the inputs with these ids."""
    spread = {id(e.node) for e in p.all("getitem") if e.args and e.args[0] is ids}
    return any(id(v.node) in spread for part in lineage.feeds(p) for f in part for v in lineage.path(f.x))


def _row_splits(p: Program) -> Iterator[Event]:
    """Random splits of rows."""
    made = {id(e.result): e for e in p.all("call")}
    for event in p.once("call"):
        last = event.name.rsplit(".", 1)[-1]
        flag = event.kwargs.get("shuffle")
        mixes = flag is None or flag.const is not False
        if last in ("train_test_split", "random_split") and mixes and "groups" not in event.kwargs:
            if (
                not any(v.name in ("unique", "arange") for v in ancestors(event.args[0], limit=6))
                if event.args
                else False
            ):
                yield event
        elif last in _ROWWISE and event.result is not None and event.result.kind == "object":
            if "Shuffle" in last or (flag is not None and flag.const is True):
                yield event
        elif last in ("randperm", "permutation") and event.args and not event.loops:
            parts = [e for e in p.all("getitem") if e.recv is event.result and not e.loops]
            sizes = [v for v in ancestors(event.args[0], limit=8) if v.name in ("len", "shape") and v.args]
            rows = [s for s in sizes if s.args[0].kind == "tensor" and s.args[0].name not in ("unique",)]
            if parts and rows and any(lineage.row_key(made_of) is not None for made_of in _picked(p, event.result)):
                yield event
    yield from _masked(p, made)


def _masked(p: Program, made: dict[int, Event]) -> Iterator[Event]:
    """Random masks over the rows: ``held[randperm(n)[:k]] = True`` or ``rand(n) < 0.8``."""
    for feed in lineage.feeds(p)[0]:
        for step in lineage.certain(feed.x):
            key = lineage.row_key(step)
            while key is not None and key.name in ("invert", "logical_not") and key.args:
                key = key.args[0]
            if key is None:
                continue
            filled = [e.args[0] for e in p.all("setitem") if e.recv is key and e.args]
            drawn = [v for f in filled for v in lineage.path(f, 12) if v.name in lineage.DRAWS]
            if key.name == "compare":
                drawn += [v for v in key.args if v.name in ("rand", "np_rand", "random", "uniform", "np_random")]
            yield from (made[id(v)] for v in drawn if id(v) in made and _by_row(made[id(v)], step))


def _by_row(draw: Event, step: Val) -> bool:
    """Whether as many numbers are drawn as there are rows."""
    counts = [v for a in draw.args for v in ancestors(a, limit=8)]
    tables = [v.args[0] for v in counts if v.name in ("len", "shape", "size") and v.args]
    sizes = [v.const for v in counts if v.kind == "const"]
    shape = step.args[0].shape
    return bool(tables) or bool(shape and shape[0] in sizes)


def _picked(p: Program, order: Val | None) -> Iterator[Val]:
    """What is indexed with a part of an order."""
    for feed in (f for part in lineage.feeds(p) for f in part):
        for step in lineage.certain(feed.x):
            key = lineage.row_key(step)
            if key is not None and any(v is order for v in (*lineage.path(key, 40), *ancestors(key, limit=20))):
                yield step


def _aware(event: Event, who: Val) -> bool:
    """Whether a call picks rows by their group."""
    last = event.name.rsplit(".", 1)[-1]
    if "groups" in event.kwargs or last.startswith(("Group", "LeaveOneGroup")):
        return True
    return last in ("isin", "in1d", "unique") and any(a is who or (a.var and a.var == who.var) for a in event.args)
