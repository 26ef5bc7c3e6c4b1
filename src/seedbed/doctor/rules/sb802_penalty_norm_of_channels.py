"""The gradient penalty takes the norm over one axis, not over each sample.

## What it does

Finds penalties `(norm - 1) ** 2` of a critic with one score for each sample, whose gradients have three or more axes
and whose norm is taken over one of them, such as `dim=1` of `(batch, channels, height, width)`.

## Why is this bad

Every pixel's gradient is drawn to length one, and not the gradient of the sample: another and far stronger penalty.

## Example

```python
critic = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 64, 1))
optimizer = torch.optim.Adam(critic.parameters())
for step in range(10):
    mix = torch.rand(16, 3, 8, 8, requires_grad=True)
    score = critic(mix)
    grads = torch.autograd.grad(score.sum(), mix, create_graph=True)[0]
    penalty = ((grads.norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    (score.mean() + 10 * penalty).backward()
    optimizer.step()
```

## Use instead

```python
critic = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 64, 1))
optimizer = torch.optim.Adam(critic.parameters())
for step in range(10):
    mix = torch.rand(16, 3, 8, 8, requires_grad=True)
    score = critic(mix)
    grads = torch.autograd.grad(score.sum(), mix, create_graph=True)[0]
    penalty = ((grads.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    (score.mean() + 10 * penalty).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("norm", "vector_norm", "sqrt"):
        found = _normed(val)
        if found is None or id(val.node) in seen or not p.trained(val) or not _near_one(p, val):
            continue
        grads, dims = found
        if len(grads.args) < 2 or not _one_score(grads.args[0]):
            continue
        shape = grads.args[1].shape
        if shape is None or len(shape) < 3 or shape[0] == 1:
            continue
        axes = {d % len(shape) for d in dims}
        left = [n for n in range(1, len(shape)) if n not in axes and shape[n] != 1]
        if not axes or 0 in axes or not left:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB802",
            val,
            f"the norm of the gradient penalty is taken over dim={', '.join(str(d) for d in dims)} of gradients with "
            f"{len(shape)} axes, not over each sample",
            why="every pixel's gradient is drawn to length 1 instead of the whole gradient of a sample",
            fix="Flatten first: grads.flatten(1).norm(2, dim=1)",
        )


def _normed(val: Val) -> tuple[Val, list[int]] | None:
    """The gradients that this is the norm of, and over which axes; nothing changes their shape in between."""
    inner, given = (val.args[0] if val.args else None), val.arg(2, "dim")
    if val.name == "sqrt" and inner is not None:
        if inner.name == "add" and len(inner.args) == 2 and inner.args[1].kind == "const":
            inner = inner.args[0]
        if inner.name != "sum" or not inner.args:
            return None
        given, inner = inner.arg(1, "dim"), inner.args[0]
        if inner.name not in ("pow", "square") or (inner.name == "pow" and inner.number(1, "exponent") != 2):
            return None
        inner = inner.args[0]
    for _ in range(3):
        if inner is not None and inner.name in ("getitem", "part", "element") and inner.args:
            key = inner.args[1] if len(inner.args) > 1 else None
            if inner.name == "getitem" and (key is None or key.const != 0 or inner.args[0].name != "grads"):
                return None
            inner = inner.args[0]
    if inner is None or inner.name != "grads" or given is None:
        return None
    dims = [d.const for d in given.items] if given.items is not None else [given.const]
    return (inner, dims) if all(isinstance(d, int) and not isinstance(d, bool) for d in dims) else None


def _near_one(p: Program, val: Val) -> bool:
    """Whether the norm is drawn to one: ``(norm - 1) ** 2``."""
    return any(
        user.name == "sub" and len(user.args) == 2 and user.args[0] is val and user.args[1].const == 1
        for user in q.users(p, val)
    )


def _one_score(score: Val) -> bool:
    """Whether each sample has one score."""
    one = score
    if one.name in ("sum", "mean") and len(one.args) == 1 and not one.kwargs:
        one = one.args[0]
    shape = one.shape if one.shape is not None else core(one).shape
    return shape is not None and len(shape) > 0 and all(n == 1 for n in shape[1:])
