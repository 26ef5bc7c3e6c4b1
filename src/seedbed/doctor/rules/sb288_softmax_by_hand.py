"""A softmax is written out as `exp(x) / exp(x).sum()`.

## What it does

Finds `exp` of a model's scores divided by its own sum, without subtracting the maximum, in a loss.

## Why is this bad

`exp` overflows for scores above 88 in float32: inf / inf is NaN, and one NaN destroys the weights. Small
probabilities become exact zeros, whose logarithm is -inf.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    z = model(x)
    p = torch.exp(z) / torch.exp(z).sum(1, keepdim=True)
    loss = -torch.log(p[torch.arange(len(y)), y]).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("div", "true_divide", "log") if p.trains else ():
        if val.kind != "tensor" or id(val.node) in seen or not val.grad or not p.trained(val):
            continue
        if val.name in ("div", "true_divide") and len(val.args) == 2:
            top, bottom = f.core(val.args[0]), f.core(val.args[1])
            said = "softmax is written by hand as exp(x) / exp(x).sum()"
            fix = "Use F.cross_entropy on the scores, or torch.softmax / log_softmax, which subtract the maximum"
        elif val.name == "log" and val.args:
            bottom = f.core(val.args[0])
            top = f.core(bottom.args[0]) if bottom.name == "sum" and bottom.args else bottom
            said = "log(exp(x).sum()) is written by hand"
            fix = "Use torch.logsumexp(x, dim), which subtracts the maximum first"
        else:
            continue
        if not _exp_of_scores(top) or not _sum_of(bottom, top):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB288",
            val,
            f"{said}: it overflows to inf and NaN for large scores (not numerically stable)",
            why="exp() overflows above 88 in float32, and a NaN in the loss destroys all weights",
            fix=fix,
        )


def _exp_of_scores(val: Val) -> bool:
    """Whether a value is ``exp`` of raw outputs of a layer, from which no maximum was taken."""
    if val.name != "exp" or not val.args:
        return False
    inner = _unscaled(f.core(val.args[0]))
    if inner.name in ("sub", "neg", "clamp", "div", "mul", "tanh"):
        return False
    return any(o.name in training.LOGIT_OPS for o in training.loss_origins(inner)) and not any(
        v.name in ("max", "amax", "clamp", "normalize", "tanh") for v in ancestors(inner, limit=20)
    )


_BOUNDED = frozenset(["normalize", "norm", "cosine_similarity", "sigmoid", "tanh", "softmax", "log_softmax", "rsqrt"])


def _unscaled(val: Val) -> Val:
    """Products of two tables that a number multiplies or divides: attention scores, unless they were bounded before."""
    one = val
    for _ in range(4):
        rest = [a for a in one.args[:2] if a.kind not in ("const", "number")]
        if one.name not in ("mul", "div") or len(rest) != 1 or (one.name == "div" and rest[0] is not one.args[0]):
            break
        one = f.core(rest[0])
    free = one.name == "matmul" and not any(v.name in _BOUNDED for v in ancestors(one, limit=400))
    return one if free else val


def _sum_of(bottom: Val, top: Val) -> bool:
    """Whether the divisor is the sum of the same exponentials."""
    if bottom.name == "add" and any(isinstance(a.const, float) for a in bottom.args):
        bottom = f.core(bottom.args[0])
    if bottom.name != "sum" or not bottom.args:
        return False
    inner = f.core(bottom.args[0])
    return inner is top or (inner.name == "exp" and bool(inner.args) and f.core(inner.args[0]) is f.core(top.args[0]))
