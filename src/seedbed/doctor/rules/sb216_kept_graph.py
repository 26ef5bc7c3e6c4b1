"""Loss tensors are kept with their autograd graph: use loss.item().

## What it does

Finds losses that are kept (in a list, or in a running sum) as tensors with their graph.

## Why is this bad

Each kept tensor keeps the whole graph of its batch: memory grows from step to step.

## Example

```python
history = []
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    history.append(loss)
```

## Use instead

```python
history = []
for x, y in loader:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    history.append(loss.item())
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    if not p.complete and not p.trains:
        return  # a forward of a library: who calls it may train the sum
    for event in p.all("keep", "augment", "setitem"):
        if not event.loops or id(event.node) in seen or not event.args or not event.grad:
            continue
        val = event.args[-1]
        parts = [
            v
            for one in [val, *(val.items or []), *(val.attrs.values() if val.kind == "dict" else [])]
            for v in one.options()
        ]
        graph = [v for v in parts if v.kind == "tensor" and v.grad and _is_loss(p, v)]
        if not graph or all(_from_outside(p, v, event) for v in graph):
            continue
        if event.kind == "setitem" and (
            event.args[0].kind == "const"
            or (event.recv is not None and any(o.kind == "tensor" for o in event.recv.options()))
        ):
            continue
        if event.recv is not None and event.kind != "augment" and _of_one_batch(p, event, event.recv):
            continue
        if event.kind == "keep" and (_within_forward(event) or _emptied(p, event)):
            continue
        if event.kind == "keep":
            box = event.recv
            if any(event.loops[-1] not in b.loops and _takes(b, graph) for b in p.all("backward")):
                continue  # kept for a backward() after the loop
            if box is None or p.trained(box) or "bounded" in box.tags or not _lives_longer(box, event):
                continue
        if event.kind == "augment":
            if event.name != "Add" or event.result is None or p.trained(event.result):
                continue
            total = event.recv
            if total is not None and total.kind == "list" and val.kind == "list":
                if not _lives_longer(total, event) or "bounded" in total.tags or p.trained(total):
                    continue
            elif total is None or not (
                total.kind in ("const", "number", "phi", "unknown", "method")
                or total.name in ("add", "zeros", "tensor", "div")
            ):
                continue
            if event.loops and not _summed_over_rounds(p, event):
                continue
            if any(p.trained(e.result) for e in p.all("augment") if e.node is event.node):
                continue
        seen.add(id(event.node))
        what = {"keep": "kept in a list", "augment": "added to a running total", "setitem": "stored"}[event.kind]
        yield p.report(
            "SB216",
            event,
            f"the loss is {what} with its autograd graph: use loss.item()",
            why="every kept tensor keeps the computation graph of its batch alive, so memory grows from step to step",
            fix="Store loss.item() (or loss.detach())",
        )
    yield from _totals(p, seen)
    yield from _averages(p, seen)
    yield from _outputs(p, seen)


def _outputs(p: Program, seen: set[int]) -> Iterator[Finding]:
    """What the model gave for each training batch, gathered for a measure of the epoch."""
    for event in p.all("keep"):
        box, val = event.recv, event.args[-1] if event.args else None
        if box is None or val is None or not event.loops or not event.grad or id(event.node) in seen:
            continue
        loop = next((one for one in reversed(event.loops) if rounds.is_loader_loop(one)), None)
        backs = [b for b in p.all("backward") if loop is not None and loop in b.loops]
        if loop is None or not backs or p.trained(box) or "bounded" in box.tags or _of_one_batch(p, event, box):
            continue
        graph = [v for v in val.options() if v.kind == "tensor" and v.grad and p.trained(v) and f.from_model(v)]
        emptied = any(c.inside(loop) and c.recv is not None and q.same(c.recv, box) for c in p.calls("clear", "pop"))
        if not graph or emptied or _from_outside(p, graph[0], event):
            continue
        if any(b.name == "grad" or any(a is box for a in (*b.args, *b.kwargs.values())) for b in p.all("backward")):
            continue
        seen.add(id(event.node))
        at = _handed_over(event)
        yield p.report(
            "SB216",
            at,
            "the output of the model is kept in a list with its autograd graph: detach() is missing",
            why="the graph of every batch stays alive as long as the list, so memory grows with each batch",
            fix="Store output.detach() (and .cpu() where it comes from a GPU)",
            related=((str(event.src.path), event.line, "kept here"),),
        )


def _handed_over(event: Event) -> Event | Place:
    """The call that gives a value to a method which only stores it, or the event."""
    given = event.node.args[-1] if isinstance(event.node, ast.Call) and event.node.args else None
    func = event.funcs[-1].node if event.funcs else None
    names = {a.arg for a in func.args.args} if isinstance(func, ast.FunctionDef) else set()
    return event.sites[-1] if isinstance(given, ast.Name) and given.id in names and event.sites else event


def _from_outside(p: Program, val: Val, event: Event) -> bool:
    """Whether every round takes the same tensor, made before the loop: one graph stays, and no more."""
    begun = [e.clock for e in p.all("loop") if e.node is event.loops[-1].node and e.clock < event.clock]
    return bool(begun) and val.name != "phi" and val.seq < begun[-1]


def _takes(back: Event, vals: list[Val]) -> bool:
    """Whether backward() starts at one of these values."""
    return any(o in vals for root in (back.recv, *back.args) if root is not None for o in root.options())


def _totals(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Totals written as ``total = total + loss``."""
    for name, val, event in p.assigns:
        if val.kind != "tensor" or val.name != "add" or not val.grad or not event.loops or id(event.node) in seen:
            continue
        if not set(words(name)) & {
            "loss",
            "total",
            "running",
            "epoch",
            "sum",
            "cum",
            "avg",
            "losses",
            "mean",
        }:
            continue
        if val.var == name and len(val.args) == 2 and not p.trained(val) and event.grad:
            old, new = (val.args[0], val.args[1]) if val.args[0].var == name else (val.args[1], val.args[0])
            if (  # noqa: SIM102
                old.var == name
                and old is not val
                and new.grad
                and _is_loss(p, new)
                and any(e.kind == "augment" and e.result is val for e in p.all("augment")) is False
            ):
                if old.kind == "const" or old.name == "add":
                    seen.add(id(event.node))
                    yield p.report(
                        "SB216",
                        event,
                        "the loss is added to a running total with its autograd graph: use loss.item()",
                        why="the total keeps the computation graphs of all batches alive, so memory grows "
                        "from step to step",
                        fix="Add loss.item() (or loss.detach())",
                    )


def _averages(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``smooth = 0.9 * smooth + 0.1 * loss``, kept under a name or in an attribute from step to step."""
    kept = [(e.name, e.args[0], e) for e in p.all("attribute") if e.args] + [(n, v, e) for n, v, e in p.assigns]
    losses = {b.recv for b in p.all("backward") if b.recv is not None}
    before: dict[str, list[Val]] = {}
    for name, given, event in kept:
        old = before.setdefault(name, [])
        for val in given.options() if event.loops and event.grad and id(event.node) not in seen else ():
            if val.name != "add" or val.kind != "tensor" or not val.grad or len(val.args) != 2 or p.trained(val):
                continue
            parts = [list(a.args) if a.name == "mul" else [a] for a in val.args]
            again = [any(v is o for v in part for o in old) for part in parts]
            fresh = [v for part, known in zip(parts, again, strict=True) if not known for v in part if v.grad]
            if again.count(True) != 1 or not fresh or not all(v in losses for v in fresh) or id(val.node) in seen:
                continue
            seen |= {id(event.node), id(val.node)}
            yield p.report(
                "SB216",
                event,
                "the loss goes into a moving average with its autograd graph: use loss.item()",
                why="the average keeps the computation graphs of all steps alive, so memory grows from step to step",
                fix="Average loss.item() (or loss.detach())",
            )
        old.extend(given.options())


def _is_loss(p: Program, val: Val) -> bool:
    if "SB216 losses" not in p.cache:
        p.cache["SB216 losses"] = {}
    known: dict[int, bool] = p.cache["SB216 losses"]  # sums share their parts
    if id(val) not in known:
        known[id(val)] = _makes_loss(p, val)
    return known[id(val)]


def _makes_loss(p: Program, val: Val) -> bool:
    for one in q.chain(val):
        if one.name == "loss" or (p.trained(one) and one.shape == ()):
            return True
        if one.name in ("mul", "div", "scaled", "add") and one.args:
            return any(_is_loss(p, a) for a in one.args if a.grad)
    return any(b.recv is val for b in p.all("backward"))


def _lives_longer(box: Val, event: Event) -> bool:
    """Whether the list was made before the loop whose rounds fill it."""
    node = box.node
    loop = event.loops[-1].node
    if node is None or box.src is not event.src:
        return True
    start, end = getattr(loop, "lineno", 0), getattr(loop, "end_lineno", 0)
    inside = start <= getattr(node, "lineno", 0) <= (end or 0)
    return not inside


def _within_forward(event: Event) -> bool:
    """Whether a list is a variable of ``forward()`` and is made there: it ends with the call."""
    func, box = event.node.func if isinstance(event.node, ast.Call) else None, event.recv
    body = event.funcs[-1].node if event.funcs and event.funcs[-1].owner is not None else None
    if box is None or body is None or not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    called = [f.name for f in event.funcs if f.owner is event.funcs[-1].owner]
    low, high = getattr(body, "lineno", 0), getattr(body, "end_lineno", 0)
    inside = all(o.src is event.src and o.line and low <= o.line <= high for o in box.options())
    return inside and any(name in ("forward", "__call__") for name in called)


def _of_one_batch(p: Program, event: Event, box: Val) -> bool:
    """Whether a list is made anew for every batch, and the loops that fill it run over the parts of that batch."""
    made = min(one.seq for one in box.options())
    starts = {id(e.node): e.clock for e in p.all("loop") if e.clock < event.clock}
    stepping = {id(e.loop.node) for e in p.all("step", "manual", "scaler_step") if e.loop is not None}
    fresh = False
    for loop in event.loops:
        turns = id(loop.node) in stepping or rounds.is_loader_loop(loop)
        if turns:
            fresh = starts.get(id(loop.node), made) < made
    return fresh


def _emptied(p: Program, event: Event) -> bool:
    """Whether the list is cleared in every round that ends with a step: it holds the graphs of one round only."""
    stepping = {id(e.loop.node) for e in p.all("step", "scaler_step") if e.loop is not None}
    around = {id(run.node) for run in event.loops} & stepping
    clears = [c for c in p.calls("clear") if c.loop is not None and id(c.loop.node) in around]
    return any(q.alike(c.recv, event.recv) for c in clears)


def _summed_over_rounds(p: Program, event: Event) -> bool:
    target = event.node.target if isinstance(event.node, ast.AugAssign) else None
    if not isinstance(target, ast.Name):
        return True
    loop = event.loops[-1]
    inner = [
        e
        for e in p.all("assign")
        if e.name == target.id and loop in e.loops and e.loops[-1] is loop and e.node is not target
    ]
    return not inner
