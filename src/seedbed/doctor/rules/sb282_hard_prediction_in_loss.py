"""A term of the loss is made from hard decisions: it has no gradient.

## What it does

Finds losses in which one term is made from `argmax`, a threshold, `round` or `sign` of the model's output.

## Why is this bad

A step function has gradient zero everywhere. The term changes the printed loss and trains nothing.

## Example

```python
model = nn.Conv2d(1, 1, 3, padding=1)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    logits = model(x)
    p = (torch.sigmoid(logits) > 0.5).float()
    dice = 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)
    optimizer.zero_grad()
    (F.binary_cross_entropy_with_logits(logits, y) + dice).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Conv2d(1, 1, 3, padding=1)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    logits = model(x)
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)
    optimizer.zero_grad()
    (F.binary_cross_entropy_with_logits(logits, y) + dice).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_STEPS = frozenset(["compare", "argmax", "round", "sign", "gt", "ge", "lt", "le", "heaviside", "floor", "ceil", "eq"])
_THROUGH = frozenset(
    [
        "add",
        "sub",
        "mul",
        "div",
        "sum",
        "mean",
        "neg",
        "clamp",
        "float",
        "pow",
        "square",
        "abs",
        "sqrt",
        "log",
        "long",
        "int",
        "to",
        "type",
        "double",
        "view",
        "reshape",
        "flatten",
        "squeeze",
        "unsqueeze",
        "loss",
        "clip",
        "scaled",
        "one_hot",
        "permute",
        "movedim",
        "contiguous",
        "transpose",
        "gather",
        "masked_fill",
        "where",
    ]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None or back.name == "grad":
            continue
        terms = _terms(back.recv)
        if len(terms) < 2 or not any(t.grad and f.from_model(t) for t in terms):
            continue
        for term in terms:
            step = _hard(term)
            if term.grad or step is None or id(step.node) in seen:
                continue
            seen.add(id(step.node))
            if step.name == "detach":
                yield p.report(
                    "SB282",
                    step,
                    "a term of the loss is detached: it has no gradient and trains nothing",
                    why="the whole term is a constant for backward(), so the network that it is meant for never learns",
                    fix="Use the value before detach() in this term, and the detached one only as a weight elsewhere",
                    related=(q.place(term),),
                )
                continue
            yield p.report(
                "SB282",
                step,
                "a term of the loss is made from hard predictions (threshold or argmax): it has no gradient",
                why="a step function is not differentiable: the term changes the printed loss and trains nothing",
                fix="Use the probabilities (sigmoid or softmax) in the loss, and thresholds only in the metric",
                related=(q.place(term),),
            )


def _terms(root: Val) -> list[Val]:
    """The summands of a loss; a factor that is a number is seen through."""
    found: list[Val] = []
    stack, count = [root], 0
    while stack and count < 80:
        one, count = f.core(stack.pop()), count + 1
        if one.kind == "phi":
            stack.extend(one.options())
        elif one.name in ("add", "sub") and len(one.args) == 2:
            stack.extend(one.args)
        elif one.name in ("mul", "div") and len(one.args) == 2 and any(_number(a) for a in one.args):
            stack.extend(a for a in one.args if not _number(a))
        elif one.name == "neg" and one.args:
            stack.append(one.args[0])
        else:
            found.append(one)
    return found


def _number(val: Val) -> bool:
    inner = f.core(val)
    return inner.kind in ("const", "number") or (inner.kind in ("unknown", "method") and not inner.grad)


def _hard(term: Val) -> Val | None:
    """The step function of a model's output that a term is made of by plain arithmetic."""
    stack, seen = [term], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name in _STEPS and one.kind in ("tensor", "unknown"):
            made = next((a for a in one.args if a.grad and f.from_model(a)), None)
            if made is not None:
                return one
        elif one.name == "detach" and one.args and one.args[0].grad and one is not term and f.from_model(one.args[0]):
            return one if f.core(term) is not f.core(one) and term.name in ("mean", "sum", "pow", "square") else None
        elif one.kind == "phi" or (one.kind in ("tensor", "number") and one.name in _THROUGH):
            stack.extend(one.args)
        elif one.name == "getitem" and one.kind == "tensor":
            stack.extend(one.args[:1])  # some classes or samples of it; what picks them may be hard
    return None
