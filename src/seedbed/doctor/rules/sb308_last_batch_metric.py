"""The metric is computed on the last batch only.

## What it does

Finds metrics that are taken from the last batch of an evaluation loop only.

## Why is this bad

The printed accuracy is that of a few samples.

## Example

```python
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        acc = (model(x).argmax(1) == y).float().mean().item()
print(acc)
```

## Use instead

```python
correct = count = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        correct += (model(x).argmax(1) == y).sum().item()
        count += len(y)
print(correct / count)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures, metering, queries, rounds, syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(rounds.is_loader_loop_event(e) for e in p.all("loop")):
        return
    seen: set[int] = set()
    for event in p.all("call", "return"):
        name = event.name.rsplit(".", 1)[-1]
        if event.kind == "call" and name not in ("print", "info", "append", "add_scalar", "log"):
            continue
        values = [*event.args] if event.kind == "call" else [event.result]
        for val in values:
            for metric in metering.measured_values(val):
                loop = rounds.loop_of(p, metric)
                while loop is not None and not rounds.is_loader_loop(loop) and loop.outer is not None:
                    loop = loop.outer
                if loop is None or any(x.node is loop.node for x in event.loops) or id(metric.node) in seen:
                    continue
                if not rounds.is_loader_loop(loop) or any(b.inside(loop) for b in p.all("backward")):
                    continue
                if _in_comprehension(p, loop) or metering.one_batch(rounds.base_of_loop(loop)):
                    continue
                if event.line <= loop.line and event.src is loop.src and event.kind == "call":
                    continue
                if any(_leaves(r, loop) for r in p.all("break", "return")):
                    continue
                if name == "append" and _added_up(p, event, loop):
                    continue  # a meter that keeps its last value beside its total
                seen.add(id(metric.node))
                end = getattr(loop.node, "end_lineno", 0) or 0
                yield p.report(
                    "SB308",
                    metric if loop.line <= metric.line <= end and metric.src is loop.src else event,
                    "the metric is overwritten in every batch: only the last batch is reported",
                    why=f"line {event.line} uses the value after the loop, so all batches but the last are ignored",
                    fix="Accumulate over the loop: correct += ..., count += len(y)",
                    related=((str(event.src.path), event.line, "used here"),),
                )
    yield from _after_loop(p, seen)
    yield from _set_anew(p, seen)


def _added_up(p: Program, event: Event, loop: LoopRun) -> bool:
    """Whether the same line already kept a value in every round of the loop: a meter with a history."""
    return any(e.node is event.node and e.inside(loop) for e in p.all("keep"))


def _in_comprehension(p: Program, loop: LoopRun) -> bool:
    """Whether a loop is one of a comprehension: every batch gives an item, none is overwritten."""
    return loop.src is p.source and not any(n is loop.node for n in p.nodes(ast.For, ast.AsyncFor, ast.While))


def _set_anew(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``total = loss.item() * n`` in a batch loop, where total starts at zero before it and is divided after it."""
    for node in p.nodes(ast.For):
        end = node.end_lineno or 0
        for stmt in node.body:
            if not isinstance(stmt, ast.Assign) or len(stmt.targets) != 1 or not isinstance(stmt.targets[0], ast.Name):
                continue
            name = stmt.targets[0].id
            made = [e for _, v, e in p.assigned(name) if e.node is stmt.targets[0] and _is_measured(v)]
            over = node.iter.args[0] if isinstance(node.iter, ast.Call) and node.iter.args else node.iter
            if not made and _by_length(p, node, name, syntax.text(over), end):
                made = [e for _, v, e in p.assigned(name) if e.node is stmt.targets[0]]
            elif made and (made[0].loop is None or not rounds.is_loader_loop(made[0].loop)):
                continue
            if not made or id(stmt) in seen:
                continue
            scope = made[0].funcs[-1].node if made[0].funcs else made[0].src.tree
            if made[0].src is p.source and _only_last(scope, node, stmt, name, end):
                seen.add(id(stmt))
                yield p.report(
                    "SB308",
                    (stmt, p.source),
                    f"{name} is overwritten in every batch (= instead of +=): only the last batch is reported",
                    why=f"{name} starts at 0 before the loop and is divided after it: a sum over the batches is meant",
                    fix=f"Write {name} += ...",
                )


def _by_length(p: Program, loop: ast.For, name: str, over: str, end: int) -> bool:
    """Whether a name is divided after a loop by the length of what the loop runs over: it should be a sum."""
    shares = queries.in_file(p, "SB308", lambda: [b for b in p.nodes(ast.BinOp) if isinstance(b.op, ast.Div)])
    return any(
        b.lineno > end and syntax.text(b.left) == name and syntax.text(b.right) == f"len({over})" for b in shares
    )


def _is_measured(val: Val) -> bool:
    """Whether a value is the loss of a batch, maybe times its size, or its number of right answers."""
    return any(
        v.name in ("loss", "item")
        or (v.name in ("sum", "mean") and v.args and f.core(v.args[0]).name in ("compare", "eq"))
        for v in ancestors(val, limit=300)
    )


def _only_last(scope: ast.AST, loop: ast.For, stmt: ast.Assign, name: str, end: int) -> bool:
    """Whether a name is zero before the loop, written once and not read in it, and divided after it."""
    uses = [n for n in syntax.walk(scope) if isinstance(n, ast.Name) and n.id == name]
    inside = [n for n in uses if loop.lineno <= n.lineno <= end]
    zero = any(
        isinstance(s, ast.Assign)
        and s.lineno < loop.lineno
        and any(n is u for u in uses for n in syntax.walk(s))
        and any(isinstance(v, ast.Constant) and v.value in (0, 0.0) for v in syntax.walk(s.value))
        for s in syntax.walk(scope)
    )
    divided = any(
        isinstance(b, ast.BinOp) and isinstance(b.op, ast.Div) and b.lineno > end and syntax.text(b.left) == name
        for b in syntax.walk(scope)
    )
    return zero and divided and len(inside) == 1 and inside[0] is stmt.targets[0]


def _after_loop(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Predictions and labels of the last batch that are compared after the loop."""
    for event, left, right in measures.equalities(p):
        for guess, truth in ((left, right), (right, left)):
            made = [v for v in measures.elements(guess) if f.from_model(v)]
            outputs = [
                v for one in made for v in ancestors(one, limit=30) if v.owner is not None and v.kind == "tensor"
            ]
            loop = rounds.loop_of(p, outputs[0]) if outputs and len(made) == 1 else None
            if loop is None or not rounds.is_loader_loop(loop) or id(event.node) in seen:
                continue
            if metering.one_batch(rounds.base_of_loop(loop)):
                continue
            if event.src is not loop.src or event.line <= (getattr(loop.node, "end_lineno", 0) or 0):
                continue
            if any(b.inside(loop) for b in p.all("backward")) or any(x.node is loop.node for x in event.loops):
                continue
            names = {n.id for n in syntax.walk(getattr(loop.node, "target", loop.node)) if isinstance(n, ast.Name)}
            if not isinstance(loop.node, ast.For) or f.core(truth).var not in names or _collected(guess):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB308",
                event,
                "the metric is computed after the loop from the last batch only",
                why="prediction and labels still hold the last batch; all others are ignored",
                fix="Accumulate in the loop: correct += (pred == y).sum(), count += len(y)",
                related=((str(loop.src.path), loop.line, "the loop"),),
            )


def _collected(val: Val) -> bool:
    return any(v.kind == "list" or v.name in ("cat", "concatenate", "stack") for v in ancestors(val, limit=40))


def _leaves(event: Event, loop: LoopRun) -> bool:
    """Whether a break or return stands in the loop itself, not in a function that is called there."""
    end = getattr(loop.node, "end_lineno", None) or loop.line
    return event.src is loop.src and event.inside(loop) and loop.line <= event.line <= end
