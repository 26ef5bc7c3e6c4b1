"""A hand-written momentum buffer is the gradient itself.

## What it does

Finds optimizers written by hand that keep `p.grad` itself, without a clone, and later add new gradients to it in place.

## Why is this bad

The buffer and the gradient are the same tensor. Setting the gradient to zero erases the momentum, and adding the
gradient to the buffer doubles both.

## Example

```python
class HeavyBall(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if "buf" not in state:
                    state["buf"] = p.grad
                else:
                    state["buf"].mul_(0.9).add_(p.grad)
                p.sub_(group["lr"] * state["buf"])
```

## Use instead

```python
class HeavyBall(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if "buf" not in state:
                    state["buf"] = p.grad.clone()
                else:
                    state["buf"].mul_(0.9).add_(p.grad)
                p.sub_(group["lr"] * state["buf"])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors, uses_gradient

_KEEPS = frozenset(("add_", "mul_", "lerp_", "copy_"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    if not any(v.kind == "tensor" for v in p.made("grad")):
        return
    for event in p.all("setitem", "attribute", "keep", "assign"):
        val = event.result if event.kind == "assign" else (event.args[-1] if event.args else None)
        if val is None or id(event.node) in seen or (event.kind == "attribute" and event.name == "grad"):
            continue
        listed = val.items[0] if val.name == "comprehension" and val.items else None
        if event.kind == "assign":
            one = listed if listed is not None else val
            if one.name != "grad" and (listed is None or not _is_gradient(listed)):
                continue
            if _outlived(p, one, event):
                seen.add(id(event.node))
                yield _second(p, event)
                continue
            if listed is None or not _fed(p, listed, event):
                continue
        elif not any(_is_gradient(o) for o in val.options()) or not _grown(p, event):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB181",
            event,
            "the momentum buffer is the gradient itself: p.grad is kept without clone(), so both are the same tensor",
            why="the buffer shares memory with p.grad: zero_grad() or the next backward() overwrites it, and adding "
            "the gradient to it in place changes both",
            fix="Keep a copy: p.grad.clone() (or torch.zeros_like(p) as the first buffer)",
        )


def _second(p: Program, event: Event) -> Finding:
    return p.report(
        "SB181",
        event,
        f"{event.name} is .grad itself, kept without clone(): the next backward() adds to the same tensors",
        why="what was meant as the first gradient then holds the sum, or the second gradient",
        fix="Keep copies: [p.grad.clone() for p in model.parameters()], or use torch.autograd.grad",
    )


def _outlived(p: Program, kept: Val, made: Event) -> bool:
    """Whether another backward() adds to a kept gradient before it is used: nothing has put a new one in its place."""
    back = next((b for b in p.all("backward") if b.seq > made.seq and b.name != "grad"), None)
    if (
        back is None
        or not _reached(p, back, kept)
        or back.loops != made.loops
        or back.rounds != made.rounds
        or back.funcs != made.funcs
    ):
        return False
    if any(made.seq < e.seq < back.seq and not _keeps_tensor(e) for e in p.all("clear")):
        return False
    if any(made.seq < e.seq < back.seq and e.name == "grad" for e in p.all("attribute")):
        return False
    used = [e for e in p.events if e.seq > back.seq and e.rounds == made.rounds and e.loops == made.loops]
    used += [e for e in p.events if e.seq > back.seq and e.loops[:-1] == made.loops and e.rounds[:-1] == made.rounds]
    return any(v is kept for e in used for a in (e.recv, *e.args) if a is not None for v in ancestors(a, limit=60))


def _reached(p: Program, back: Event, kept: Val) -> bool:
    """Whether a backward() comes to the tensor whose gradient was kept: another one leaves it alone."""
    base = kept.args[0] if kept.args else None
    if base is None or base.kind != "tensor" or not base.grad or base.name in ("element", "parameter"):
        return True
    found = p.backward_sources().get(back.seq, set())
    return any(o.kind != "tensor" or id(o) in found for o in base.options())


def _keeps_tensor(clear: Event) -> bool:
    """Whether a clear writes zeros into the gradients instead of dropping them."""
    words = clear.node.keywords if isinstance(clear.node, ast.Call) else []
    return clear.name == "zero_" or any(w.arg == "set_to_none" and syntax.text(w.value) == "False" for w in words)


def _is_gradient(val: Val) -> bool:
    """Whether a value is some ``p.grad``, seen through operations that share its memory."""
    return any(v.name == "grad" and v.kind == "tensor" for v in q.memory(val))


def _fed(p: Program, buffer: Val, made: Event) -> bool:
    """Whether gradients are added in place to what a list of gradients holds."""
    return any(
        e.seq > made.seq
        and e.recv is not None
        and any(o is buffer for o in q.memory(e.recv))
        and e.name not in ("Mult", "Div", "mul_", "div_")  # scaled, as clipping does: nothing is gathered
        and any(uses_gradient(a) for a in e.args)
        for e in p.all("inplace", "augment")
    )


def _grown(p: Program, event: Event) -> bool:
    """Whether the place where the gradient is kept is changed in place in the same function."""
    place = event.node
    if event.kind == "keep" or not (event.funcs or event.loops):
        return False
    text = syntax.text(place)
    body = event.funcs[-1].node if event.funcs else event.loops[0].node
    names = {text}
    for n in syntax.walk(body):
        if isinstance(n, ast.Assign) and syntax.text(n.value) == text:
            names |= {syntax.text(t) for t in n.targets}
    for n in syntax.walk(body):
        if isinstance(n, ast.AugAssign) and syntax.text(n.target) in names:
            return True
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in _KEEPS:
            base: ast.expr = n.func.value
            while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute) and base.func.attr in _KEEPS:
                base = base.func.value
            if syntax.text(base) in names:
                return True
    return False
