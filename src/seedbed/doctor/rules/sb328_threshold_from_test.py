"""The decision threshold is chosen on the test rows that the score is reported on.

## What it does

Finds a threshold that is taken as the best one of a metric (or from a ROC curve) on test labels, and a metric on the
same labels with predictions cut at it.

## Why is this bad

The threshold has seen the answers: the reported score is the best of all that were tried. It is optimistic, most of
all for small test sets and rare classes.

## Example

```python
import numpy as np
from sklearn.metrics import f1_score

model = nn.Linear(4, 1)
x_test, y_test = torch.randn(50, 4), torch.randint(0, 2, (50,))
model.eval()
with torch.no_grad():
    p_test = torch.sigmoid(model(x_test)).squeeze(1)
grid = np.linspace(0.1, 0.9, 17)
cut = grid[np.argmax([f1_score(y_test, p_test > c) for c in grid])]
print("test F1", f1_score(y_test, p_test > cut))
```

## Use instead

```python
import numpy as np
from sklearn.metrics import f1_score

model = nn.Linear(4, 1)
x_val, y_val = torch.randn(50, 4), torch.randint(0, 2, (50,))
x_test, y_test = torch.randn(50, 4), torch.randint(0, 2, (50,))
model.eval()
with torch.no_grad():
    p_val = torch.sigmoid(model(x_val)).squeeze(1)
    p_test = torch.sigmoid(model(x_test)).squeeze(1)
grid = np.linspace(0.1, 0.9, 17)
cut = grid[np.argmax([f1_score(y_val, p_val > c) for c in grid])]
print("test F1", f1_score(y_test, p_test > cut))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

_CURVES = ("roc_curve", "precision_recall_curve")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    tried = [
        (e, e.args[0]) for e in p.calls(*measures.LABELLED, *_CURVES) if len(e.args) >= 2
    ]  # fmt: skip
    equal = [(e, side) for e, *sides in measures.equalities(p) if e.kind == "compare" for side in sides]
    tried += [(e, side) for e, side in equal if _test(side)]
    made = {id(e.result): (e, truth) for e, truth in tried if e.result is not None}
    seen: set[int] = set()
    for event, truth, guess in _scored(p):
        if not _test(truth):
            continue
        for cut in _cuts(guess):
            kept, searched = _kept_best(p, cut, truth), _searched(p, cut, truth, event)
            chosen = kept or searched
            if chosen is not None and id(chosen.node) not in seen:
                seen.add(id(chosen.node))
                yield _finding(p, kept or _place(chosen, event), event)
                continue
            found = next((made[id(v)] for v in ancestors(cut, limit=400) if id(v) in made), None)
            if found is None or found[0] is event or not _same(found[1], truth):
                continue
            if id(found[0].node) in seen:
                continue
            seen.add(id(found[0].node))
            yield _finding(p, _place(found[0], event), event)


def _finding(p: Program, place: Event | tuple[ast.AST, Source], event: Event) -> Finding:
    return p.report(
        "SB328",
        place,
        "the decision threshold is chosen on the test set, and the score is reported on the same rows",
        why="the best of many thresholds on the answers themselves is optimistic (a leak)",
        fix="Choose the threshold on validation data, then apply it once to the test set",
        related=((str(event.src.path), event.line, "reported here"),),
    )


def _kept_best(p: Program, cut: Val, truth: Val) -> Event | None:
    """``if score > best: best, cut = score, t``: the assignment, when the score was taken on the same labels."""
    options = {id(o) for o in cut.options() if o.kind != "const"}
    goal = f.core(truth)
    for event in p.all("assign"):
        if event.result is None or id(event.result) not in options or not event.conds or not event.loops:
            continue
        test = event.conds[-1][2]
        if test.name == "compare" and any(v is goal for v in ancestors(test, limit=400)):
            return event
    return None


def _searched(p: Program, cut: Val, truth: Val, report: Event) -> Event | None:
    """``max(candidates, key=lambda t: score(...))``: the comparison in the key, when it looks at the same labels."""
    for one in cut.options():
        given = one.node.keywords if isinstance(one.node, ast.Call) else []
        inner = {id(n) for k in given if k.arg == "key" for n in ast.walk(k.value)}
        for event in p.all("compare", "call") if inner and id(report.node) not in inner else ():
            asked = id(event.node) in inner or any(id(node) in inner for node, _ in event.sites)
            seen = (
                [v for a in (event.recv, *event.args) if a is not None for v in ancestors(a, limit=6)] if asked else []
            )
            if any(_same(v, truth) for v in seen if v.kind == "tensor"):
                return event
    return None


def _scored(p: Program) -> Iterator[tuple[Event, Val, Val]]:
    yield from measures.metric_calls(p, measures.LABELLED)
    for event, left, right in measures.equalities(p):
        if event.kind == "compare":
            yield event, right, left
            yield event, left, right
    for event in p.calls("sum", "count_nonzero"):
        yield from ((event, truth, guess) for truth, guess in _counted(event))


def _counted(event: Event) -> Iterator[tuple[Val, Val]]:
    """Labels and predictions of ``((scores > cut) & (labels == 1)).sum()``."""
    held = event.recv if event.recv is not None and event.recv.kind == "tensor" else event.arg(0)
    both = f.core(held) if held is not None else None
    if both is None or both.name not in ("and", "logical_and", "bitwise_and", "mul") or len(both.args) != 2:
        return
    for mine, other in (both.args, both.args[::-1]):
        if f.from_model(mine) and not f.from_model(other):
            label, mark = other, mine
            while label.name in ("invert", "logical_not", "bool", "float", "long", "int") and label.args:
                label = label.args[0]
            if label.name == "compare" and label.tags & {"Eq", "NotEq"}:
                label = label.args[0]
            while mark.name in ("invert", "logical_not", "bool", "float", "long", "int") and mark.args:
                mark = mark.args[0]
            yield label, mark


def _cuts(guess: Val) -> Iterator[Val]:
    """The thresholds that a prediction was cut at."""
    for val in measures.elements(guess):
        if val.name in ("compare", "gt", "ge") and len(val.args) > 1 and val.args[1].kind not in ("const",):
            yield val.args[1]


def _same(one: Val, other: Val) -> bool:
    one, other = f.core(one), f.core(other)
    if one.name == other.name == "part" and one.args and other.args:
        return one is other or f.same(one.args[0], other.args[0])
    return f.same(one, other)


def _test(truth: Val) -> bool:
    """Whether labels are those of the test set, as flow, name or key tells."""
    found: set[str] = set()
    for one in ancestors(truth, limit=8):
        found.add(one.split)
        found.add(split_of(one.var))
        if one.kind == "const" and isinstance(one.const, str):
            found.add(split_of(one.const))
    return "test" in found and "val" not in found


def _place(choice: Event, report: Event) -> Event | tuple[ast.AST, Source]:
    """Where the choice is asked for, seen from the function that reports."""
    return q.beside(choice, report)
