"""Linear layers follow each other without an activation.

## What it does

Finds linear layers that follow each other without an activation.

## Why is this bad

Two linear layers in a row are one linear layer: the depth has no effect.

## Example

```python
model = nn.Sequential(nn.Linear(4, 64), nn.Linear(64, 64), nn.Linear(64, 3))
out = model(torch.randn(8, 4))
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
out = model(torch.randn(8, 4))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas, methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward"):
        if (
            event.name not in ("Linear", "Conv2d", "Conv1d")
            or event.recv is None
            or not event.args
            or id(event.recv) in seen
        ):
            continue
        source = event.args[0]
        found = training.loss_origins(source)
        if (
            len(found) != 1
            or found[0].name != event.name
            or found[0].owner is None
            or any(v.name in ("cat", "stack", "phi", "getitem", "part") for v in q.seen_through(source))
        ):
            continue
        if found[0].args and any(v.name in _PRODUCTS for v in q.chain(found[0].args[0])[:8]):
            continue  # the projection at the end of an attention
        first, second = found[0].owner, event.recv
        if first is second or any("BatchNorm" in v.name or "Norm" in v.name for v in q.seen_through(source)):
            continue
        if event.name != "Linear":
            groups = [m.kwargs.get("groups") for m in (first, second)]
            kernel = second.number(2, "kernel_size")
            if any(g is not None for g in groups) or kernel == 1 or first.number(2, "kernel_size") == 1:
                continue
            if _thin(first) or _thin(second) or second.arg(3, "stride") is not None:
                continue  # one kernel in two factors; a convolution that only makes it smaller
        if event.name == "Linear" and _narrows(first, second) is not False:
            continue
        if event.name != "Linear":
            a, mid, out = (m.number(i) for m, i in ((first, 0), (first, 1), (second, 1)))
            if all(isinstance(n, int) for n in (a, mid, out)) and mid < min(a, out):
                continue
        if first.kwargs.get("bias") is not None and first.kwargs["bias"].const is False:
            continue
        if second.kwargs.get("bias") is not None and second.kwargs["bias"].const is False:
            continue
        if any(_forks(p, v) for v in (found[0], *q.seen_through(source))) or _crosses(event, found[0]):
            continue
        if event.name != "Linear" and _nested(p, first, second):
            continue
        if training.unmoved(p, [first, second]) or _on_a_line(p, second):
            continue
        if "external" in first.tags or not event.depth or not _siblings(p, first, second):
            continue
        seen.add(id(second))
        yield p.report(
            "SB509",
            event if event.funcs and event.funcs[-1].name == "forward" else q.spot(found[0], event),
            f"two {event.name} layers follow each other without an activation between them",
            why="together they collapse to one linear map: nothing nonlinear (no ReLU) lies between",
            fix="Put an activation (nn.ReLU()) between them",
            severity=training.shown(p, [first, second]),
            related=(q.place(second),),
        )


_PRODUCTS = frozenset(["matmul", "bmm", "einsum", "scaled_dot_product_attention"])


def _on_a_line(p: Program, layer: Val) -> bool:
    """Whether the targets are a straight line of the inputs, written in the program: a linear map is all it takes."""
    calls = [e for e in p.all("forward") if e.recv is layer and e.args]
    outs, given = {id(e.result) for e in calls}, {id(v) for e in calls for v in ancestors(e.args[0], limit=200)}
    for loss in p.all("loss"):
        for out, goal in (loss.args[:2], loss.args[1::-1]) if len(loss.args) > 1 else ():
            if id(_line_of(goal)) in given and any(id(v) in outs for v in ancestors(out, limit=60)):
                return True
    return False


def _line_of(goal: Val) -> Val | None:
    """The evenly spaced numbers that a value is a straight line of: ``0.7 * arange(0, 1, 0.01) + 0.3``."""
    current, counted = formulas.core(goal), False
    for _ in range(20):
        plain = [a for a in current.args if a.kind != "const"]
        upside_down = current.name == "div" and current.args[0].kind == "const"
        if current.name in ("add", "sub", "mul", "div") and len(plain) == 1 and not upside_down:
            counted = True
        elif current.name != "getitem" or not plain:
            break
        current = formulas.core(plain[0])
    return current if counted and current.name in ("arange", "linspace") else None


def _forks(p: Program, val: Val) -> bool:
    """Whether a value goes several ways: then it is an output of its own, not a hidden step."""
    return len({id(u.node) for u in q.users(p, val) if u.name not in ("forward", "dropout")}) > 1


def _crosses(event: Event, made: Val) -> bool:
    """Whether the two layers belong to different modules of the program (a projection after a body)."""
    owner = event.funcs[-1].owner if event.funcs else None
    return (
        owner is not None
        and made.src is event.src
        and not (owner.node.lineno <= made.line <= (owner.node.end_lineno or 0))
        and made.owner is not None
        and not _same_home(event, made)
    )


def _same_home(event: Event, made: Val) -> bool:
    home = event.funcs[-1].owner.node if event.funcs and event.funcs[-1].owner is not None else None
    line = made.owner.line
    return home is None or home.lineno <= line <= (home.end_lineno or 0)


def _nested(p: Program, first: Val, second: Val) -> bool:
    """Whether the second layer opens a block of its own that does not hold the first: a stem before its blocks."""
    return any(
        e.recv is not None
        and e.recv is not second
        and ownership.contains(e.recv, second)
        and not ownership.contains(e.recv, first)
        for e in p.all("forward")
    ) or any(
        m.items and m is not second and any(i is second for i in m.items) and not any(i is first for i in m.items)
        for e in p.all("forward")
        if e.recv is not None and e.depth == 0
        for o in e.recv.options()
        for m in methods.submodules(o)
        if m.name == "Sequential"
    )


def _siblings(p: Program, first: Val, second: Val) -> bool:
    """Whether one module of the program holds both layers itself: parts of two blocks are joined on purpose."""
    return any(
        id(first) in own and id(second) in own
        for e in p.all("forward")
        if e.recv is not None
        for m in e.recv.options()
        if (own := {id(o) for part in (*m.attrs.values(), *(m.items or ())) for o in part.options()})
    )


def _thin(layer: Val) -> bool:
    """Whether a kernel is one wide along an axis, or of a size that is not known."""
    kernel = layer.arg(2, "kernel_size")
    sizes = [kernel] if kernel is None or kernel.items is None else kernel.items
    return any(s is None or not isinstance(s.const, int) or s.const == 1 for s in sizes)


def _narrows(first: Val, second: Val) -> bool | None:
    """Whether two layers are one matrix in two thin factors; ``None`` where their sizes do not tell."""
    a, mid = first.arg(0, "in_features"), first.arg(1, "out_features")
    out = second.arg(1, "out_features")
    sizes = [v.const if v is not None else None for v in (a, mid, out)]
    if isinstance(sizes[1], int) and isinstance(sizes[2], int) and sizes[1] >= sizes[2]:
        return False
    if isinstance(sizes[1], int) and isinstance(sizes[0], int) and sizes[1] >= sizes[0]:
        return False
    if all(isinstance(n, int) for n in sizes):
        return True
    return False if mid is not None and (q.same(mid, a) or q.same(mid, out)) else None
