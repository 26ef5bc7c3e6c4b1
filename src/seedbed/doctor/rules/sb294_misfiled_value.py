"""A value is recorded under the name of the other split.

## What it does

Finds histories, log calls and tables whose name says validation while the value was measured on training batches, or
says training while the value comes from held-out batches.

## Why is this bad

Both curves are the same curve. Overfitting cannot be seen, and whoever picks an epoch by the record picks by the
training loss.

## Example

```python
train_loader = torch.utils.data.DataLoader(train_set, batch_size=8)
val_loader = torch.utils.data.DataLoader(val_set, batch_size=8)
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
history = {"train_loss": [], "val_loss": []}
for epoch in range(3):
    train_total, val_total = 0.0, 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        train_total += loss.item()
    model.eval()
    with torch.no_grad():
        for x, y in val_loader:
            val_total += F.cross_entropy(model(x), y).item()
    model.train()
    history["train_loss"].append(train_total / len(train_loader))
    history["val_loss"].append(train_total / len(train_loader))
```

## Use instead

```python
train_loader = torch.utils.data.DataLoader(train_set, batch_size=8)
val_loader = torch.utils.data.DataLoader(val_set, batch_size=8)
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
history = {"train_loss": [], "val_loss": []}
for epoch in range(3):
    train_total, val_total = 0.0, 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        train_total += loss.item()
    model.eval()
    with torch.no_grad():
        for x, y in val_loader:
            val_total += F.cross_entropy(model(x), y).item()
    model.train()
    history["train_loss"].append(train_total / len(train_loader))
    history["val_loss"].append(val_total / len(val_loader))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import measures, rounds, syntax
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

_LOGS = frozenset(["add_scalar", "log", "log_metric", "log_metrics", "log_scalar"])
_MEASURES = {"hist", "history", "curve", "curves"} | frozenset(
    ["loss", "losses", "acc", "accs", "accuracy", "error", "f1", "auc", "score", "scores", "mse", "mae", "rmse", "iou"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    seen: set[int] = set()
    for event in p.all("keep", "call"):
        for name, val, node in _recorded(event):
            said, made = _split(name), _measured_on(p, val)
            if not said or not made or (said == "train") == (made == "train") or id(node) in seen:
                continue
            if not _other(p, event, made):
                continue
            seen.add(id(node))
            what = "the training data" if made == "train" else f"the {made} data"
            yield p.report(
                "SB294",
                (node, event.src),
                f"{name} records a value of {what}: it was measured there, not on what the name says",
                why="the two curves show the same data, so overfitting cannot be seen (the wrong variable is appended)",
                fix=f"Record the value that was measured for {name}",
                related=((str(val.src.path) if val.src else "", val.line, "measured here"),),
            )


def _recorded(event: Event) -> Iterator[tuple[str, Val, ast.AST]]:
    """Names with the values that are stored or logged under them."""
    node = event.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if event.kind == "keep" and node.func.attr == "append" and len(event.args) == 1 and len(node.args) == 1:
        val = event.args[0]
        if val.kind == "dict" and isinstance(node.args[0], ast.Dict):
            yield from _table(node.args[0], val)
        elif val.kind not in ("tuple", "list"):
            yield _label(node.func.value), val, node
    elif event.kind == "call" and node.func.attr in _LOGS and node.args and event.args:
        if isinstance(node.args[0], ast.Dict) and event.args[0].kind == "dict":
            yield from _table(node.args[0], event.args[0])
        elif isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str) and len(event.args) > 1:
            yield node.args[0].value, event.args[1], node


def _table(node: ast.Dict, val: Val) -> Iterator[tuple[str, Val, ast.AST]]:
    for key, part in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in val.attrs:
            yield key.value, val.attrs[key.value], part


def _label(box: ast.expr) -> str:
    """The last name of a list: ``val_loss`` for ``self.history["val_loss"]``; keys of a table of tables together."""
    if isinstance(box, ast.Subscript):
        if not isinstance(box.slice, ast.Constant) or not isinstance(box.slice.value, str):
            return ""
        inner = _label(box.value) if isinstance(box.value, ast.Subscript) else ""
        return f"{inner}_{box.slice.value}" if inner else box.slice.value
    return syntax.text(box).rsplit(".", 1)[-1] if isinstance(box, (ast.Name, ast.Attribute)) else ""


def _split(name: str) -> str:
    """``train`` or ``held-out`` by a name of a measure; ``""`` where it says nothing, or both."""
    plain = name.replace("/", "_").replace("-", "_").replace(" ", "_")
    found = set(words(plain))
    bare = len(found) == 1
    if not bare and not found & _MEASURES:
        return ""
    return split_of(plain)


def _measured_on(p: Program, val: Val) -> str:
    """The split of all batches that a measured number was made from."""
    if val.kind not in ("number", "tensor", "unknown", "phi"):
        return ""
    splits = {b.args[1].split or rounds.split_of_val(b.args[1]) for b in measures.batches_of(val)}
    if any(v.kind in ("dict", "instance", "loaded") for v in ancestors(val, limit=200)):
        return ""
    return splits.pop() if len(splits) == 1 else ""


def _other(p: Program, event: Event, made: str) -> bool:
    """Whether the loop in which it is recorded runs over the other split too."""
    frames = {id(r.node) for r in event.loops}
    for loop in p.all("loop"):
        if loop.recv is None or not rounds.is_loader_loop_event(loop):
            continue
        split = rounds.split_of_val(rounds.base_of_loop(_as_run(loop)))
        if split and (split == "train") != (made == "train") and any(id(r.node) in frames for r in loop.loops):
            return True
    return False


def _as_run(event: Event) -> LoopRun:
    return LoopRun(event.node, event.src, event.recv)
