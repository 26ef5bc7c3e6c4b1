"""A running metric is not reset every epoch.

## What it does

Finds running metrics that are set to zero once, before the epoch loop.

## Why is this bad

The numbers of all epochs add up: the printed loss or accuracy grows without meaning.

## Example

```python
correct = 0
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        out = model(x)
        F.cross_entropy(out, y).backward()
        optimizer.step()
        correct += (out.argmax(1) == y).sum().item()
    print(correct / len(loader.dataset))
```

## Use instead

```python
for epoch in range(10):
    correct = 0
    for x, y in loader:
        optimizer.zero_grad()
        out = model(x)
        F.cross_entropy(out, y).backward()
        optimizer.step()
        correct += (out.argmax(1) == y).sum().item()
    print(correct / len(loader.dataset))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import metering, meters, queries, rounds, syntax, totals
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Event, LoopRun, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for kind, event, loop, name in (*metering.running_means(p), *_totals(p)):
        if id(event.node) in seen or not event.loops or event.loops[-1].outer is None:
            continue
        slip = _reset_inside(event, loop, name)
        if slip is not None and id(slip) not in seen:
            seen.add(id(slip))
            yield p.report(
                "SB306",
                (slip, event.src),
                f"{name} is reset inside the batch loop: it only holds the last batch",
                why="it is set to zero in every batch, so the sum after the loop is that of the last batch alone",
                fix=f"Move `{name} = 0` before the batch loop",
                related=((str(event.src.path), event.line, "it accumulates here"),),
            )
            continue
        outer = _repeated(loop)
        if outer is None or outer.src is not event.src:
            continue
        resets = [e for n, v, e in p.assigns if n == name and not metering.is_running(v) and e.node is not event.node]
        before = [e for e in resets if not e.inside(outer) and e.src is event.src]
        inside = [e for e in resets if e.inside(outer)]
        if not before or inside or "." in name:
            continue
        divided = [
            d
            for d in metering.divisions(p, event, name)
            if getattr(d[0], "lineno", 0) >= outer.line
            and getattr(d[0], "lineno", 0) <= (getattr(outer.node, "end_lineno", 0) or 0)
        ]
        if not divided or (any(d[2] in ("running", "rounds") for d in divided) and kind != "count"):
            continue
        if all(_by_round(d[0], outer) for d in divided):
            continue  # a mean over the rounds so far
        seen.add(id(event.node))
        yield p.report(
            "SB306",
            before[-1],
            f"{name} is set to zero before the epoch loop and never reset: it adds up over all epochs",
            why="from the second epoch on the metric is cumulative: it contains all previous epochs",
            fix=f"Move `{name} = 0` to the start of the epoch loop",
            related=((str(event.src.path), event.line, "it accumulates here"),),
        )
    yield from queries.in_file(p, "SB306", lambda: list(_emptied(p)))
    yield from _carried(p)
    for at, name, grows in meters.unreset(p):
        yield p.report(
            "SB306",
            at,
            f"{name} is never reset: it accumulates since the start of training, over all epochs (a running mean that "
            "is not cleared)",
            why="what is shown for one epoch or window contains everything before it, so it lags behind",
            fix=f"Reset {name} after it was read, or at the start of every epoch",
            related=((str(grows.src.path), grows.line, "it accumulates here"),),
        )


def _by_round(division: ast.AST, loop: LoopRun) -> bool:
    """Whether a sum is divided by the number of this round: ``total / (epoch + 1)``."""
    counted = {n.id for n in syntax.walk(getattr(loop.node, "target", loop.node)) if isinstance(n, ast.Name)}
    below = division.right if isinstance(division, ast.BinOp) else getattr(division, "value", None)
    return (
        isinstance(loop.node, ast.For)
        and below is not None
        and any(isinstance(n, ast.Name) and n.id in counted for n in syntax.walk(below))
    )


def _carried(p: Program) -> Iterator[Finding]:
    """A meter that serves training and evaluation in turn, and is emptied for one of them only."""
    for at, name, grows in meters.carried(p):
        yield p.report(
            "SB306",
            at,
            f"{name} is not reset before this loop: what the loop before it gathered is still in it (carried over)",
            why="the figure of this phase contains the samples of the other, so it is a mix of both",
            fix=f"Reset {name} before every loop that feeds it, or use one object for each phase",
            related=((str(grows.src.path), grows.line, "it accumulates here"),),
        )


def _emptied(p: Program) -> Iterator[Finding]:
    """``scores = []`` in the loop whose every round appends one score: after it the list has one entry."""
    for scope in (p.source.tree, *p.nodes(ast.FunctionDef)):
        for loop in (s for s in scope.body if isinstance(s, ast.For)):
            for stmt in loop.body:
                if (
                    not isinstance(stmt, ast.Assign)
                    or len(stmt.targets) != 1
                    or not isinstance(stmt.targets[0], ast.Name)
                ):
                    continue
                if not isinstance(stmt.value, ast.List) or stmt.value.elts:
                    continue
                name, end = stmt.targets[0].id, loop.end_lineno or 0
                uses = [n for n in syntax.walk(scope) if isinstance(n, ast.Name) and n.id == name]
                inside = [n for n in uses if loop.lineno <= n.lineno <= end and n is not stmt.targets[0]]
                grown = [
                    s for s in loop.body if isinstance(s, ast.Expr) and syntax.text(s).startswith(f"{name}.append(")
                ]
                last = sum(syntax.text(n) == f"{name}[-1]" for n in syntax.walk(loop) if isinstance(n, ast.Subscript))
                after = [
                    n for n in syntax.walk(scope) if isinstance(n, ast.Call) and n.lineno > end and _averages(n, name)
                ]
                if len(grown) == 1 and len(inside) == 1 + last and after:
                    yield p.report(
                        "SB306",
                        (stmt, p.source),
                        f"{name} is reset in every round: after the loop it holds the last round (fold, epoch) alone",
                        why="the mean after the loop is taken over one value, and a deviation is 0",
                        fix=f"Move `{name} = []` before the loop",
                        related=((str(p.source.path), grown[0].lineno, "it grows here"),),
                    )


def _averages(call: ast.Call, name: str) -> bool:
    func = syntax.text(call.func).rsplit(".", 1)[-1]
    return func in ("mean", "std", "max", "min", "stdev", "median", "sum") and [syntax.text(a) for a in call.args] == [
        name
    ]


def _totals(p: Program) -> Iterator[tuple[str, Event, LoopRun, str]]:
    """Running sums of the losses of samples (``loss.item() * len(y)``)."""
    for event in p.once("augment"):
        if event.name != "Add" or not event.loops or not event.args or not isinstance(event.node, ast.AugAssign):
            continue
        if rounds.is_loader_loop(event.loops[-1]) and totals.kind_of(event.args[0]) == "total":
            yield "mean", event, event.loops[-1], syntax.text(event.node.target)


def _repeated(loop: LoopRun) -> LoopRun | None:
    """The nearest loop around it that repeats training; a loop over the phases of an epoch may stand between."""
    outer = loop.outer
    while outer is not None and not rounds.repeats(outer):
        if not outer.exact and not (outer.over is not None and outer.over.kind in ("list", "tuple")):
            return None
        items = (outer.over.items or []) if outer.over is not None else []
        names = [v.const for i in items for v in (i, *(i.items or ()))]  # "train", or ("train", train_loader)
        if not any(isinstance(n, str) and split_of(n) == "train" for n in names):
            return None
        outer = outer.outer
    return outer


def _reset_inside(event: Event, loop: LoopRun, name: str) -> ast.AST | None:
    """The statement that sets the sum to zero in the body of its own loop, when the sum is read afterwards."""
    end = getattr(loop.node, "end_lineno", 0) or 0
    for node in getattr(loop.node, "body", []):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and syntax.text(node.targets[0]) == name:  # noqa: SIM102
            if isinstance(node.value, ast.Constant) and node.value.value in (0, 0.0) and node.lineno < event.line:
                inside = [
                    n
                    for n in syntax.walk(loop.node)
                    if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
                ]
                scope = event.funcs[-1].node if event.funcs else event.src.tree
                after = [n for n in syntax.walk(scope) if isinstance(n, ast.Name) and n.id == name and n.lineno > end]
                return node if after and not inside else None
    return None
