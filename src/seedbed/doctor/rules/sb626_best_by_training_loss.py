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
from seedbed.doctor.static import measures, rounds, syntax, training
from seedbed.doctor.static import queries as q
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
        score = event.args[1 - best]
        splits = {_split(p, b.args[1]) for b in measures.batches_of(score)}
        if splits and splits != {"train"}:
            continue  # another phase of the same loop
        seen.add(id(node))
        measured = _measured(p, event)
        name = sides[1 - best]
        if _of_phases(p, node, 1 - best):
            if measured is not None and _consequences(p, node):
                yield _either(p, event, measured, name)
            continue
        in_training = splits == {"train"} and _while_trained(p, score)
        if not (_trained(p, score) or in_training) or measured is None or _of_evaluation(p, score):
            continue
        if not _consequences(p, node):
            continue
        what = "loss" if _trained(p, score) else "score"
        yield p.report(
            "SB626",
            q.site(event, event.loops[0]) if event.funcs and event.funcs[-1].owner is not None else event,
            f"the best epoch is chosen by the training {what} ({name}), although validation data is measured",
            why="the training loss keeps falling while the model overfits, so the last weights are kept and early "
            "stopping never stops",
            fix="Compare the validation loss",
            related=((str(measured.src.path), measured.line, "the validation data is measured here"),),
        )


def _split(p: Program, loader: Val) -> str:
    """The split of a loader; what is trained on is training data, whatever it is called."""
    return loader.split or ("train" if id(loader) in _learnt(p) else "")


def _learnt(p: Program) -> set[int]:
    """The loaders over which some loop calls backward()."""
    if "learnt loaders" not in p.cache:
        bases = [rounds.base_of_loop(r) for e in p.all("backward") for r in e.loops]
        p.cache["learnt loaders"] = {id(b) for b in bases if b is not None and b.kind == "loader"}
    found: set[int] = p.cache["learnt loaders"]
    return found


def _of_phases(p: Program, node: ast.AST, at: int) -> bool:
    """Whether one comparison gets the score of the training batches in one round and of held-out ones in another."""
    made: set[str] = set()
    for event in p.all("compare"):
        if event.node is node and len(event.args) == 2:
            made |= {b.args[1].split for b in measures.batches_of(event.args[at])}
    return "train" in made and bool(made & {"val", "test"})


def _either(p: Program, event: Event, measured: Event, name: str) -> Finding:
    return p.report(
        "SB626",
        event,
        f"the best epoch is chosen in the training phase too ({name}): the phase is not asked (phase == 'val')",
        why="the training score is nearly always the higher one, so the weights kept are those with the best training "
        "score",
        fix='Compare in the validation phase only: if phase == "val" and score > best',
        related=((str(measured.src.path), measured.line, "the validation data is measured here"),),
    )


def _while_trained(p: Program, score: Val) -> bool:
    """Whether a score was measured on batches in the loop that trains on them."""
    loops = {id(r.node) for e in p.all("backward") for r in e.loops[-1:]}
    made = [rounds.loop_of(p, v) for v in ancestors(score, limit=300) if v.name in ("compare", "eq", "loss")]
    return any(m is not None and id(m.node) in loops for m in made)


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
        over = rounds.base_of_loop(e.loops[-1])
        if over is not None and over.kind == "loader" and not over.split and id(over) not in _learnt(p):
            return e
        if split == "val" or any(v.split == "val" or (v.var and split_of(v.var) == "val") for v in data):
            return e
    return None


def _consequences(p: Program, node: ast.Compare) -> bool:
    """Whether the branch keeps weights or counts patience."""
    flags = [a.targets for a in q.nodes(p, ast.Assign) if a.value is node]
    if any(isinstance(t, ast.Name) and {"best", "better", "improved"} & set(words(t.id)) for ts in flags for t in ts):
        return True
    for branch in q.nodes(p, ast.If):
        if any(n is node for n in syntax.walk(branch.test)):
            text = "\n".join(syntax.text(s) for s in (*branch.body, *branch.orelse))
            return any(w in text for w in ("save", "state_dict", "deepcopy", "+= 1", "break"))
    return False
