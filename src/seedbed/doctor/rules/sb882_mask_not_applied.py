"""The loss counts all nodes of a graph although a training mask was made.

## What it does

Finds a training mask (or index) that nothing reads, while the masks for validation or test pick from the same labels
and the loss is taken over all of them.

## Why is this bad

The labels of the test nodes are trained on: the test accuracy says nothing.

## Example

```python
train_mask, test_mask = torch.rand(100) < 0.5, torch.rand(100) < 0.5
for epoch in range(50):
    out = model(x)
    loss = F.cross_entropy(out, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print((model(x).argmax(1)[test_mask] == y[test_mask]).float().mean())
```

## Use instead

```python
train_mask, test_mask = torch.rand(100) < 0.5, torch.rand(100) < 0.5
for epoch in range(50):
    out = model(x)
    loss = F.cross_entropy(out[train_mask], y[train_mask])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print((model(x).argmax(1)[test_mask] == y[test_mask]).float().mean())
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_PICKS = frozenset(["mask", "masks", "idx", "index", "indices", "nodes", "ids", "rows", "sel"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from q.in_file(p, "SB882", lambda: list(_forgotten(p)))
    if not p.complete:
        return
    unread = _unread(p)
    if not unread:
        return
    for event in p.once("loss"):
        if len(event.args) < 2 or not p.trained(event.result) or not isinstance(event.node, ast.Call):
            continue
        target, given = event.args[1], event.node.args
        if len(given) < 2 or not isinstance(given[1], (ast.Name, ast.Attribute)) or not _whole(target):
            continue
        if not _measured(p, syntax.text(given[1]), unread):
            continue
        yield p.report(
            "SB882",
            event,
            f"{unread} is not applied in the loss: it is computed over all nodes, also those of validation and test",
            why=f"{unread} is never read, so the test labels are trained on (a leak)",
            fix=f"Pick the training nodes: loss(out[{unread}], y[{unread}])",
        )
        return


def _forgotten(p: Program) -> Iterator[Finding]:
    """A mask that a loss function or a forward makes by a comparison and never reads."""
    for func in q.nodes(p, ast.FunctionDef) if p.source.mentions("mask", "keep") else ():
        masks = [n for n in syntax.below(func, ast.Assign) if _is_mask(n)]
        if not masks:
            continue
        inner = syntax.walk(func)
        read = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if "locals" in read or any(isinstance(n, (ast.Global, ast.Nonlocal)) for n in inner):
            continue
        for node in masks:
            name = node.targets[0].id
            if name not in read and _called(p, func.name):
                ends = [
                    n for n in inner if isinstance(n, ast.Return) and n.value is not None and ".mean(" in syntax.text(n)
                ]
                yield p.report(
                    "SB882",
                    (ends[-1] if ends else node, p.source),
                    f"{name} is computed but not applied: nothing reads it (padding or left-out entries count)",
                    why="the loss or the metric is taken over all positions, as if there were no mask",
                    fix=f"Apply it: (loss * {name}).sum() / {name}.sum()",
                )


def _is_mask(node: ast.Assign) -> bool:
    """Whether a comparison is kept under the name of a mask."""
    if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return False
    named = set(words(node.targets[0].id)) & {"mask", "masks", "keep"}
    return bool(named) and any(isinstance(n, ast.Compare) for n in syntax.walk(node.value))


def _called(p: Program, name: str) -> bool:
    return any(
        name in (getattr(n.func, "id", ""), getattr(n.func, "attr", "")) or name in ("forward", "__call__")
        for n in q.nodes(p, ast.Call)
    )


def _unread(p: Program) -> str:
    """A training mask that is made, or that the data object has, and that nothing reads."""
    stored = {n.id for n in q.nodes(p, ast.Name) if isinstance(n.ctx, ast.Store)}
    picks = {n for n in stored if split_of(n) == "train" and set(words(n)) & _PICKS}
    held = {n.attr for n in q.nodes(p, ast.Attribute)}
    if not picks and not {"val_mask", "test_mask"} & held:
        return ""
    filled = {id(n.value) for n in q.nodes(p, ast.Subscript) if isinstance(n.ctx, ast.Store)}
    loads = [n for n in q.nodes(p, ast.Name) if isinstance(n.ctx, ast.Load) and id(n) not in filled]
    read = {n.id for n in loads} | {n.value for n in q.nodes(p, ast.Constant) if isinstance(n.value, str)}
    if picks - read:
        return str(min(picks - read))
    if {"val_mask", "test_mask"} & held and not {"train_mask"} & (held | read | stored):
        return "train_mask"
    return ""


def _whole(val: Val) -> bool:
    """Whether a value is all labels: no part was picked from it."""
    return all(o.kind in ("tensor", "unknown") and o.name not in ("getitem", "batch", "element") for o in val.options())


def _measured(p: Program, labels: str, unread: str) -> bool:
    """Whether the same labels, or hits made from them, are picked by another mask in the same file."""
    for node in q.nodes(p, ast.Subscript):
        name = syntax.text(node.slice)
        split = split_of(name.rsplit(".", 1)[-1])
        if split in ("val", "test") and name != unread and set(words(name.rsplit(".", 1)[-1])) & _PICKS:
            return True
    if labels:
        loops = [g for n in q.nodes(p, ast.GeneratorExp, ast.ListComp) for g in n.generators]
        loops_over = [g.iter for g in loops] + [n.iter for n in q.nodes(p, ast.For)]
        for over in loops_over:
            names = [n.id for n in syntax.walk(over) if isinstance(n, ast.Name)]
            if any(split_of(n) in ("val", "test") and set(words(n)) & _PICKS for n in names):
                return True
    return False
