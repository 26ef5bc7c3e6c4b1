"""The best checkpoint is overwritten by the last one.

## What it does

Finds weights that are saved when the score is better than before, and saved again in every epoch or at the end under
the same name: one file for the best and the last model.

## Why is this bad

The second save overwrites the best weights, so what is loaded afterwards as the best model is the last one.

## Example

```python
best = 1e9
for epoch in range(20):
    F.mse_loss(model(x), y).backward()
    optimizer.step()
    optimizer.zero_grad()
    score = validate(model)
    if score < best:
        best = score
        torch.save(model.state_dict(), "model.pt")
    torch.save(model.state_dict(), "model.pt")
model.load_state_dict(torch.load("model.pt"))
```

## Use instead

```python
best = 1e9
for epoch in range(20):
    F.mse_loss(model(x), y).backward()
    optimizer.step()
    optimizer.zero_grad()
    score = validate(model)
    if score < best:
        best = score
        torch.save(model.state_dict(), "best.pt")
    torch.save(model.state_dict(), "last.pt")
model.load_state_dict(torch.load("best.pt"))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import best, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    saves = [e for e in p.all("save") if len(e.args) > 1]
    kept = [e for e in saves if e.loops and best.when_better(e)]
    for keep in kept:
        key = best.path_key(keep.args[1])
        others = [e for e in saves if e is not keep and best.path_key(e.args[1]) == key and _overwrites(e, keep)]
        if not others or isinstance(key, int) or not _is_read(p, keep, key):
            continue
        yield _finding(p, others[0], keep, f"the file {best.readable(keep.args[1]).strip()!r}")
        return
    yield from _in_memory(p)


def _overwrites(event: Event, keep: Event) -> bool:
    """Whether a save runs in rounds in which the score is not better too, or at the end."""
    if best.when_better(event) or any(c[1] == 1 and c[0] in [k[0] for k in keep.conds] for c in event.conds):
        return False
    if any(_written_in(event, c[0]) for c in keep.conds):
        return False  # the first round, in which the test is known to be true
    if any(
        _written_in(event, s)
        for c in keep.conds
        for n in syntax.walk(keep.src.tree)
        if _leads_to(n, c[0])
        for s in n.body
    ):
        return False  # the same, in an arm before that of the test
    loop = keep.loops[0]
    return event.seq > keep.seq if not event.inside(loop) else _last_round(event, keep)


def _leads_to(node: ast.AST, branch: ast.AST) -> TypeGuard[ast.If]:
    """Whether ``branch`` is an ``elif`` (or nested in the ``else``) of an ``if`` that asks about the best so far."""
    if not isinstance(node, ast.If) or not any(n is branch for s in node.orelse for n in syntax.walk(s)):
        return False
    return "best" in words(syntax.text(node.test).replace(".", "_").replace(" ", "_"))


def _written_in(event: Event, branch: ast.AST) -> bool:
    """Whether an event, or a call around it, stands in the text of a branch."""
    places = [(event.node, event.src), *event.sites]
    low, high = getattr(branch, "lineno", 0), getattr(branch, "end_lineno", 0) or 0
    inner = {id(n) for n in syntax.walk(branch)}
    return any(low <= getattr(n, "lineno", 0) <= high and id(n) in inner for n, _ in places)


def _last_round(event: Event, keep: Event) -> bool:
    """Inside the loop: it runs in every round, or in some that a test of the round's number picks."""
    inner = event.conds_in(keep.loops[0])
    return not any(isinstance(c[0], ast.If) and _names_score(c[0].test) for c in inner)


def _names_score(test: ast.expr) -> bool:
    names = {w for n in syntax.walk(test) if isinstance(n, ast.Name) for w in words(n.id)}
    return bool(names & {"acc", "accuracy", "loss", "score", "metric", "f1", "auc", "improved", "stop", "patience"})


def _is_read(p: Program, keep: Event, key: object) -> bool:
    """Whether the file is loaded afterwards, or is called the best."""
    if "best" in words(best.readable(keep.args[1]).replace("/", "_").replace(".", "_").replace("-", "_")):
        return True
    return any(e.seq > keep.seq and e.args and best.path_key(e.args[0]) == key for e in p.all("load"))


def _finding(p: Program, other: Event, keep: Event, what: str) -> Finding:
    loop: LoopRun | None = other.loops[0] if other.loops else None
    line = getattr(q.site(keep, keep.loops[0]), "line", 0) or getattr(keep.node, "lineno", 0)
    when = "in every epoch" if loop is not None and loop.node is keep.loops[0].node else "after training"
    return p.report(
        "SB632",
        q.site(other, loop),
        f"{what} holds the best checkpoint and is overwritten {when}: the best weights are lost",
        why="best and last checkpoint have one name, so what is loaded as the best model is the last one",
        fix="Save the last checkpoint under another name, such as 'last.pt'",
        related=((str(keep.src.path), line, "the save of the best"),),
    )


def _in_memory(p: Program) -> Iterator[Finding]:
    """``best_state`` is set when the score is better, and set again in every round."""
    states = [(n, e) for n, v, e in p.assigns if e.loops and _is_state(v)]
    for name, keep in states:
        if "best" not in words(name) or not best.when_better(keep):
            continue
        for other_name, other in states:
            if other_name != name or other is keep or best.when_better(other) or not _overwrites(other, keep):
                continue
            if other.loops[0].node is keep.loops[0].node and not other.conds_in(keep.loops[0]):
                yield _finding(p, other, keep, name)
                return


def _is_state(val: object) -> bool:
    return getattr(val, "kind", "") in ("state", "module") and "deepcopy" in getattr(val, "tags", ())
