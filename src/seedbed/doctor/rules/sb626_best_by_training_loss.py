"""The best weights or the stop are chosen by the training loss although a validation loss is there.

## What it does

Finds best scores and early stopping that compare the training loss, in a program that measures validation data too.

## Why is this bad

The training loss goes on falling while the model overfits: the last weights win, and training never stops early.

## Example

```python
best = 1e9
for epoch in range(50):
    train_loss = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    with torch.no_grad():
        val_loss = sum(F.cross_entropy(model(x), y).item() for x, y in val_loader)
    if train_loss < best:
        best = train_loss
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best = 1e9
for epoch in range(50):
    train_loss = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    with torch.no_grad():
        val_loss = sum(F.cross_entropy(model(x), y).item() for x, y in val_loader)
    if val_loss < best:
        best = val_loss
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax, training
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains or not training.evaluations(p):
        return
    seen: set[int] = set()
    for event in p.all("compare"):
        node = event.node
        if id(node) in seen or not isinstance(node, ast.Compare) or len(event.args) != 2 or not event.loops:
            continue
        sides = [syntax.text(node.left), syntax.text(node.comparators[0])]
        best = next((i for i, s in enumerate(sides) if {"best", "lowest"} & set(words(s.replace(".", "_")))), None)
        if best is None or isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
            continue
        seen.add(id(node))
        score = event.args[1 - best]
        measured = _measured(p, event)
        if not _trained(p, score) or measured is None or _of_evaluation(p, score):
            continue
        name = sides[1 - best]
        if not _consequences(p, node):
            continue
        yield p.report(
            "SB626",
            event,
            f"the best epoch is chosen by the training loss ({name}), although validation data is measured",
            why="the training loss keeps falling while the model overfits, so the last weights are kept and early "
            "stopping never stops",
            fix="Compare the validation loss",
            related=((str(measured.src.path), measured.line, "the validation data is measured here"),),
        )


def _trained(p: Program, score: Val) -> bool:
    """Whether a score is made of losses that backward() was called on."""
    roots = {id(o) for b in p.all("backward") for r in (b.recv, *b.args) if r is not None for o in r.options()}
    return any(id(v) in roots for v in ancestors(score, limit=600))


def _of_evaluation(p: Program, score: Val) -> bool:
    results = {id(e.result) for e in training.evaluations(p)}
    return any(id(v) in results for v in ancestors(score, limit=1500))


def _measured(p: Program, event: Event) -> Event | None:
    """An evaluation of held-out data in the same loop, before or after the comparison."""
    for e in training.evaluations(p):
        if not e.loops or e.loops[0].node is not event.loops[0].node or e.grad:
            continue
        split = next((rounds.loop_split(r) for r in reversed(e.loops) if rounds.loop_split(r)), "")
        data = [v for a in e.args for v in ancestors(a, limit=40)]
        if split == "val" or any(v.split == "val" or (v.var and split_of(v.var) == "val") for v in data):
            return e
    return None


def _consequences(p: Program, node: ast.Compare) -> bool:
    """Whether the branch keeps weights or counts patience."""
    for branch in q.nodes(p, ast.If):
        if any(n is node for n in syntax.walk(branch.test)):
            text = "\n".join(syntax.text(s) for s in (*branch.body, *branch.orelse))
            return any(w in text for w in ("save", "state_dict", "deepcopy", "+= 1", "break"))
    return False
