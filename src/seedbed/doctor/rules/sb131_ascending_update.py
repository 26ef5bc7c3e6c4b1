"""The update goes up the gradient instead of down.

## What it does

Finds updates by hand that add the gradient instead of subtracting it, and a weight decay that adds a share of the
weights to them.

## Why is this bad

The loss rises instead of falling.

## Example

```python
for x, y in loader:
    model.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1 * p.grad
```

## Use instead

```python
for x, y in loader:
    model.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import decays
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event, term in decays.growing(p):
        told.add(id(event.node))
        yield p.report(
            "SB131",
            event,
            "the weight decay has the wrong sign: the update adds a share of the weight to it (rate * decay * weight), "
            "so the weights grow in every step instead of shrinking",
            why="decay has to pull the weights towards zero: p -= rate * (step + decay * p)",
            fix="Turn the sign of the decay term",
            related=((str(term.src.path), term.line, "the decay term"),) if term.src is not None else (),
        )
    for event in p.once("manual"):
        if id(event.node) in told:
            continue
        if event.recv is None or not any(is_parameter(v) for v in q.memory(event.recv)):
            continue
        if event.name in ("Sub", "sub_") and event.args and (grows := _growing(event.args[0])) is not None:
            yield p.report(
                "SB131",
                event,
                "the weight decay has the wrong sign: the update adds a part of the weight itself, so the weights grow",
                why="p -= lr * (grad - decay * p) moves the weights away from zero in every step",
                fix="Add the decay to the gradient: p -= lr * (p.grad + decay * p)",
                related=(q.place(grows),),
            )
            continue
        if event.name not in ("Add", "add_") or not event.args:
            continue
        step = event.args[0]
        alpha = event.kwargs.get("alpha")
        if _negative(step) or (alpha is not None and (alpha.kind != "const" or alpha.const < 0)) or len(event.args) > 1:
            continue
        if any(v.name == "neg" for b in p.all("backward") if b.recv is not None for v in b.recv.options()) or any(
            v.name in ("sign", "norm") for v in ancestors(step)
        ):
            continue
        if not _direct(step) or not _minimised(p, event) or _tried(p, event):
            continue
        yield p.report(
            "SB131",
            event,
            "the update adds the gradient: it climbs the loss instead of descending (wrong sign)",
            why="the gradient points to where the loss grows",
            fix="Subtract it: p -= lr * p.grad",
        )


def _minimised(p: Program, event: Event) -> bool:
    """Whether what went backward is an error of the weights: a score may be climbed, and an attack climbs the error."""
    backs = [
        b for b in p.all("backward") if b.recv is not None and b.seq < event.seq and b.loops[:1] == event.loops[:1]
    ]
    root = backs[-1].recv if backs else None
    if root is None:
        return False
    parts = list(ancestors(root, limit=300))
    if any(v.name in ("log_prob", "lambda_") for v in parts):
        return False
    bare = event.recv is not None and any("leaf" in v.tags for v in ancestors(event.recv, limit=40))
    if bare and any(getattr(v.owner, "kind", "") == "module" for v in parts):
        return False  # an input of a model, or a multiplier beside it
    return any(
        v.name in ("loss", "square", "abs", "mse_loss") or (v.name == "pow" and v.kind == "tensor") for v in parts
    )


def _tried(p: Program, event: Event) -> bool:
    """Whether the weights are only moved to look there: another backward() comes before an optimizer steps."""
    after = [
        e for e in p.all("backward", "step", "scaler_step") if e.seq > event.seq and e.loops[:1] == event.loops[:1]
    ]
    kinds = [e.kind for e in after[:2]]
    return len(kinds) == 2 and kinds[0] == "backward" and kinds[1] != "backward"


def is_parameter(val: Val) -> bool:
    """A parameter itself; a buffer made from one (a copy, zeros, its gradient) may well take the gradient up."""
    if "leaf" in val.tags:
        return True
    if val.kind == "tensor" and val.name in ("grad", "zeros_like", "clone", "empty_like", "zeros", "mul", "add"):
        return False
    return any(
        v.kind in ("params", "module") or v.name == "Parameter" or "leaf" in v.tags for v in ancestors(val, limit=200)
    )


def _growing(step: Val) -> Val | None:
    """``grad - decay * p`` in the step that is subtracted."""
    stack = [step]
    while stack:
        val = stack.pop()
        if val.name == "sub" and len(val.args) == 2 and val.args[0].name == "grad":
            decay = val.args[1]
            if decay.name == "mul" and any(
                is_parameter(m) for a in decay.args for m in q.memory(a) if m.kind == "tensor"
            ):
                return decay
        elif val.name in ("mul", "scaled"):
            stack.extend(val.args)
    return None


def _negative(val: Val) -> bool:
    for one in ancestors(val):
        if one.name == "neg" or (one.kind == "const" and isinstance(one.const, (int, float)) and one.const < 0):
            return True
        if one.name == "sub":
            return True
    return False


def _direct(val: Val) -> bool:
    """The gradient times numbers, nothing else."""
    if val.name == "grad":
        return True
    if val.name in ("mul", "div", "data", "clone"):
        return any(_direct(a) for a in val.args)
    return False
