"""Zero_grad() between backward() and step() erases the gradient.

## What it does

Finds `zero_grad()` between `backward()` and `step()`.

## Why is this bad

The gradients are erased before the optimizer reads them. Plain SGD does nothing then; Adam moves on its
memory only.

## Example

```python
for x, y in loader:
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    order = [e for e in p.all("backward", "clear", "step") if e.first]
    for clear in order:
        if clear.kind != "clear" or id(clear.node) in seen:
            continue
        before = [e for e in order if e.seq < clear.seq]
        after = [e for e in order if e.seq > clear.seq]
        if not before or before[-1].kind != "backward" or before[-1].name == "grad" or not after:
            continue
        step, back = after[0], before[-1]
        if (
            step.kind != "step"
            or not q.ordered(p, back, clear, step)
            or step.loops != clear.loops
            or back.loops != clear.loops
            or not q.same_branch(clear, step)
        ):
            continue
        if (
            clear.recv is not None
            and step.recv is not None
            and clear.recv.kind == "optimizer"
            and not q.same(clear.recv, step.recv)
        ):
            continue
        if not q.same_branch(back, clear) or len(clear.conds) > len(step.conds):
            continue
        seen.add(id(clear.node))
        yield p.report(
            "SB105",
            clear,
            "zero_grad() between backward() and step() erases the gradients before they are used",
            why="optimizer.step() then sees cleared gradients (zero or None): the weights never change",
            fix="Move zero_grad() before backward(), or after step()",
            related=(
                (str(back.src.path), back.line, "backward()"),
                (str(step.src.path), step.line, "step()"),
            ),
        )
    yield from _turned(p, order)
    yield from _emptied(p, order, seen)
    yield from _lost(p, order, seen)


def _turned(p: Program, order: list[Event]) -> Iterator[Finding]:
    """``zero_grad(); step(); backward()``: what backward() makes is cleared in the next round, before a step."""
    if q.sets_gradients(p) or p.calls("register_hook", "register_post_accumulate_grad_hook"):
        return
    for clear, step, back in zip(order, order[1:], order[2:], strict=False):
        if (clear.kind, step.kind, back.kind) != ("clear", "step", "backward") or step.args or not step.loops:
            continue
        if not clear.loops == step.loops == back.loops or not clear.conds == step.conds == back.conds:
            continue
        if not q.same(clear.recv, step.recv) or back.name == "grad":
            continue
        inside = [e for e in p.all("backward", "clear", "step", "manual") if e.loops == step.loops and e.first]
        if inside != [clear, step, back]:
            continue
        yield p.report(
            "SB105",
            step,
            "optimizer.step() runs before backward() and right after zero_grad(): the gradients are cleared before "
            "they are used",
            why="backward() fills the gradients after the step, and zero_grad() empties them before the next one: the "
            "weights do not learn",
            fix="Call zero_grad(), then backward(), then step()",
            related=((str(clear.src.path), clear.line, "zero_grad()"), (str(back.src.path), back.line, "backward()")),
        )


def _emptied(p: Program, order: list[Event], seen: set[int]) -> Iterator[Finding]:
    """A loop ``for q in net.parameters(): q.grad = None`` between the two, over all that the optimizer holds."""
    if p.calls("register_hook", "register_post_accumulate_grad_hook"):
        return  # the gradients may be used while backward() runs
    for back, clear, step in zip(order, order[1:], order[2:], strict=False):
        if (back.kind, clear.kind, step.kind) != ("backward", "clear", "step") or id(clear.node) in seen:
            continue
        if clear.name not in ("grad", "zero_") or back.name == "grad" or back.loops != step.loops:
            continue
        if clear.loops[:-1] != back.loops or back.conds != step.conds or not _of_every_weight(clear, step):
            continue
        if not _unconditional(clear, back) or _used(p, back, clear, step):
            continue
        seen.add(id(clear.node))
        yield p.report(
            "SB105",
            clear.sites[len(back.sites)] if clear.sites[: len(back.sites)] == back.sites != clear.sites else clear,
            "the gradients are cleared (.grad emptied) between backward() and step(), before they are used",
            why="optimizer.step() then sees no gradients, as after zero_grad(): the weights are not updated",
            fix="Clear the gradients before backward(), or after step()",
            related=((str(back.src.path), back.line, "backward()"), (str(step.src.path), step.line, "step()")),
        )


def _of_every_weight(clear: Event, step: Event) -> bool:
    """Whether the loop runs over the parameters of the very module whose parameters the optimizer holds."""
    over = clear.loop.over if clear.loop is not None else None
    held = step.recv.arg(0, "params") if step.recv is not None and step.recv.kind == "optimizer" else None
    if over is None or held is None or over.kind != "params" or held.kind != "params" or not over.args:
        return False
    return over.name == "parameters" and bool(held.args) and over.args[0] is held.args[0]


def _unconditional(clear: Event, back: Event) -> bool:
    """Whether nothing but ``if q.grad is not None`` stands between the loop and the clearing."""
    inner = [c[0] for c in clear.conds[len(back.conds) :]]
    tests = [n.test for n in inner if isinstance(n, ast.If)]
    if len(tests) < len(inner) or clear.conds[: len(back.conds)] != back.conds:
        return False
    return all(syntax.text(t).endswith((".grad is not None", ".grad")) for t in tests)


def _used(p: Program, back: Event, clear: Event, step: Event) -> bool:
    """Whether something else looks at gradients, or may do so, between backward() and step()."""
    own = {id(n) for n in syntax.walk(clear.node)}
    own |= {id(n) for c in clear.conds if isinstance(c[0], ast.If) for n in syntax.walk(c[0].test)}
    if any(back.clock < v.seq < step.clock and id(v.node) not in own for v in p.anywhere("grad")):
        return True
    between = [e for e in p.all("call", "attribute", "manual") if back.seq < e.seq < step.seq]
    harmless = ("parameters", "backward", "zero_", "clip_grad_norm_", "clip_grad_value_")
    return any(
        e.kind == "manual"
        or (e.kind == "call" and e.name.rsplit(".", 1)[-1] not in harmless)
        or (e.kind == "attribute" and id(e.node) not in own)
        for e in between
    )


def _lost(p: Program, order: list[Event], seen: set[int]) -> Iterator[Finding]:
    """A backward() whose gradients are erased for the backward() of another loss, without a step in between."""
    for at, back in enumerate(order[:-3]):
        clear, other, step = order[at + 1 : at + 4]
        if (back.kind, clear.kind, other.kind, step.kind) != ("backward", "clear", "backward", "step"):
            continue
        same = back.loops == clear.loops == other.loops == step.loops and back.conds == clear.conds == other.conds
        held = clear.recv is not None and q.same(clear.recv, step.recv)
        if not same or not held or not back.loops or "grad" in (back.name, other.name) or id(clear.node) in seen:
            continue
        if at and order[at - 1].kind == "backward":
            continue
        between = [e for e in p.all("inplace", "manual", "augment", "call") if back.seq < e.seq < clear.seq]
        if any(back.clock < v.seq < clear.clock for v in p.made("grad")):
            continue  # it was read: an attack on the inputs, or a norm
        if any(e.kind != "call" or (e.recv is not None and e.recv.kind in ("instance", "optimizer")) for e in between):
            continue  # the first gradient is used: sharpness-aware or extra-gradient steps
        seen.add(id(clear.node))
        yield p.report(
            "SB105",
            clear,
            "zero_grad() between two backward() calls erases the gradients of the first loss before a step",
            why=f"step() (line {step.line}) only sees the gradients of the loss at line {other.line}",
            fix="Call zero_grad() once, before the first backward(), or add the losses",
            related=((str(back.src.path), back.line, "the backward() that is lost"),),
        )
