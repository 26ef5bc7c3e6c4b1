"""The likelihood of a mixture is summed over the samples instead of the components.

## What it does

Finds `torch.logsumexp(log_pi + log_prob, dim=0)` where the weights of the mixture were normalised over another axis.

## Why is this bad

The sum over the components makes the likelihood of one sample. Over the batch it rewards one good sample and leaves the
others alone.

## Example

```python
head = nn.Linear(4, 6)
x, y = torch.randn(32, 4), torch.randn(32, 1)
weight, mean = head(x).chunk(2, dim=1)
parts = nn.functional.log_softmax(weight, dim=-1) - 0.5 * (y - mean) ** 2
loss = -torch.logsumexp(parts, dim=0).mean()
```

## Use instead

```python
head = nn.Linear(4, 6)
x, y = torch.randn(32, 4), torch.randn(32, 1)
weight, mean = head(x).chunk(2, dim=1)
parts = nn.functional.log_softmax(weight, dim=-1) - 0.5 * (y - mean) ** 2
loss = -torch.logsumexp(parts, dim=1).mean()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import op_shapes
from seedbed.doctor.static.formulas import plain_terms
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("logsumexp"):
        axis = op_shapes.dim_of(val.args, val.kwargs)
        if not val.args or type(axis) is not int or id(val.node) in seen or not val.grad:
            continue
        terms = [t for sign, t in plain_terms(val.args[0]) if sign > 0]
        weights = [t for t in terms if t.name == "log_softmax" and t.kind == "tensor"]
        if len(terms) + 0 < 1 or len(weights) != 1 or len(plain_terms(val.args[0])) < 2:
            continue
        own = op_shapes.dim_of(weights[0].args, weights[0].kwargs)
        rank = len(weights[0].shape) if weights[0].shape is not None else 0
        if type(own) is not int or not rank or own % rank == axis % rank:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB687",
            val,
            f"logsumexp over dim={axis}, but the weights of the mixture are normalised over dim={own}, the components",
            why="the likelihood of a sample is the sum over the components, not over the batch",
            fix=f"Use logsumexp(..., dim={own})",
        )
