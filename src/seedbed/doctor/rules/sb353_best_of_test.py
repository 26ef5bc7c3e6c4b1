"""The best of all test scores is reported as the result.

## What it does

Finds the maximum (or minimum) over epochs of a score on the test data that is reported.

## Why is this bad

The epoch is chosen by looking at the test data: the reported number is too good.

## Example

```python
scores = []
for epoch in range(20):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        scores.append((model(x_test).argmax(1) == y_test).float().mean().item())
print("test accuracy", max(scores))
```

## Use instead

```python
scores = []
for epoch in range(20):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        scores.append((model(x_test).argmax(1) == y_test).float().mean().item())
print("test accuracy of the last epoch", scores[-1])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choices, lineage, naming, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.rounds import split_of_val
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    picks = [e for e in p.first_calls("max", "min", "amax", "amin", "argmax") if e.args]
    picks += [e for e in p.first_calls("sorted") if e.args and _end_taken(p, e)]
    if not picks and not p.first_calls("argmin", "nanargmin"):
        return
    inner = {id(x.node) for b in p.all("backward") for x in b.loops}
    picks += [e for e in p.first_calls("argmin", "nanargmin") if e.args and e.result and choices.is_best(p, e.result)]
    picks = [e for e in picks if not _for_a_figure(p, e)]
    measured = lineage.feeds(p)[1]
    tests = {id(f.event.result) for f in measured if _test(f.x)}
    others = {id(f.event.result) for f in measured if not _test(f.x)}
    unnamed = {id(f.event.result) for f in measured if not _splits(f.x)}
    if not tests and not unnamed:
        return
    for event in picks:
        if any(id(x.node) in inner for x in event.loops):
            continue
        if _range(picks, event):
            continue
        kept = _kept(p, event, inner)
        listed = _listed(p, event) if kept is None else None
        if kept is None and listed is None:
            continue
        score = kept.args[-1] if kept is not None else listed
        behind = {id(v) for v in ancestors(score, limit=400)} if score is not None else set()
        told = unnamed if unnamed and kept is not None and _told_test(p, event) else set()
        if behind & (tests | told) and not behind & (others - told):
            yield p.report(
                "SB353",
                event,
                f"the best test score over all {'epochs' if kept is not None else 'runs (seeds)'} is reported: "
                "the test data chooses (model selection)",
                why="picking the maximum over epochs is selection on the test set, so the score is too good",
                fix="Choose the epoch by validation data and report the test score of that epoch once",
                related=((str(kept.src.path), kept.line, "scores of each epoch"),) if kept is not None else (),
            )


_FIGURES = frozenset(
    ["ylim", "xlim", "set_ylim", "set_xlim", "axis", "linspace", "arange", "range", "annotate", "text"]
)


def _for_a_figure(p: Program, event: Event) -> bool:
    """Whether the extreme only sets the limits of a plot."""
    for call in q.nodes(p, ast.Call):
        last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if last in _FIGURES and call is not event.node and any(n is event.node for n in syntax.walk(call)):
            return True
    return False


def _range(picks: list[Event], event: Event) -> bool:
    """Whether the other end of the same list is shown too: a range, not a choice."""
    ends = {"max": "min", "min": "max", "amax": "amin", "amin": "amax"}
    other = ends.get(event.name.rsplit(".", 1)[-1])
    return any(e.name.rsplit(".", 1)[-1] == other and e.args[0] is event.args[0] for e in picks)


def _listed(p: Program, event: Event) -> Val | None:
    """The score in ``[run(seed) for seed in seeds]``, where each run trains; of pairs, the score comes first."""
    box = event.args[0]
    own = {id(n) for n in syntax.walk(box.node)} if box.node is not None else set()
    if not any(id(node) in own for b in p.all("backward") for node, _ in b.sites):
        return None
    found = box.items[0] if box.kind in ("list", "iter") and "comprehension" in box.name and box.items else None
    key = next((k.value for k in getattr(event.node, "keywords", []) if k.arg == "key"), None)
    if found is not None and found.kind == "tuple" and found.items:
        body = key.body if isinstance(key, ast.Lambda) else None
        first = isinstance(body, ast.Subscript) and isinstance(body.slice, ast.Constant) and body.slice.value == 0
        found = found.items[0] if first or key is None else None
    return found if found is not None and found.kind in ("number", "tensor") else None


def _kept(p: Program, event: Event, inner: set[int]) -> Event | None:
    """Where the list whose best value is taken was filled, once per epoch."""
    wanted = {id(o) for o in event.args[0].options()}
    for one in p.all("keep"):
        if id(one.recv) in wanted and one.args and any(id(x.node) in inner for x in one.loops):
            return one
    return None


def _end_taken(p: Program, event: Event) -> bool:
    """Whether one end of what ``sorted`` gives is taken, and nothing else of it."""
    read = p.users(event.result) if event.result is not None else []
    keys = {u.number(1) for u in read if u.name == "getitem"}
    return bool(read) and all(u.name == "getitem" for u in read) and keys in ({0}, {-1})


def _told_test(p: Program, event: Event) -> bool:
    """Whether what is picked is printed under the name of the test set."""
    for shown in p.first_calls("print"):
        inside = list(syntax.walk(shown.node))
        if any(n is event.node for n in inside):
            texts = [n.value for n in inside if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            return any("test" in naming.words(w) for t in texts for w in t.split())
    return False


def _test(x: Val) -> bool:
    return _splits(x) == {"test"}


def _splits(x: Val) -> set[str]:
    names = {split_of_val(v) for v in lineage.path(x, 40)}
    loaders = {split_of_val(v.args[1]) for v in lineage.path(x, 40) if v.name == "batch" and len(v.args) > 1}
    return (names | loaders) - {"", "train"}
