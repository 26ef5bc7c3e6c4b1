"""Noise is mixed in with the alphas of single steps.

## What it does

Finds `sqrt(alpha[t]) * x + sqrt(1 - alpha[t]) * noise` where `alpha` is `1 - betas` and no cumulative product.

## Why is this bad

A single alpha is nearly one: even at the last step almost no noise is added. The network never sees what sampling
starts from.

## Example

```python
alphas = 1 - torch.linspace(1e-4, 0.02, 100)
net, x = nn.Linear(2, 2), torch.rand(64, 2)
a = alphas[torch.randint(0, 100, (64,))].unsqueeze(1)
noise = torch.randn_like(x)
loss = nn.functional.mse_loss(net(a.sqrt() * x + (1 - a).sqrt() * noise), noise)
```

## Use instead

```python
alphas = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 100), dim=0)
net, x = nn.Linear(2, 2), torch.rand(64, 2)
a = alphas[torch.randint(0, 100, (64,))].unsqueeze(1)
noise = torch.randn_like(x)
loss = nn.functional.mse_loss(net(a.sqrt() * x + (1 - a).sqrt() * noise), noise)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import diffusion
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("add") if p.made("linspace") else ():
        terms = [[v for v, power in f.factors(a) if power > 0] for a in val.args]
        if len(terms) != 2 or any(len(t) != 2 for t in terms):
            continue
        noisy = [t for t in terms if any(diffusion.bare(v).name in diffusion.NOISE and not _step(v) for v in t)]
        alphas = [a for t in terms for v in t if (a := _step(v)) is not None]
        if not noisy or len(alphas) != 2 or alphas[0] is not alphas[1] or id(alphas[0].node) in seen:
            continue
        if not any(e.name == "randint" for e in (diffusion.key(v) for t in terms for v in t) if e is not None):
            continue
        seen.add(id(alphas[0].node))
        yield p.report(
            "SB681",
            alphas[0] if alphas[0].line else val,
            "the noise of step t is mixed with the alpha of that step alone: the cumulative product (cumprod) is "
            "missing",
            why="alpha_t is nearly one for every t, so hardly any noise is added, and sampling starts from pure noise",
            fix="Use alpha_bar = torch.cumprod(alphas, dim=0)",
            related=(q.place(val),),
        )


def _step(val: Val) -> Val | None:
    """``1 - linspace(small, small)`` under a root, or what is left of it: a factor made of the alpha of one step."""
    one = diffusion.bare(val)
    if (one.name == "sqrt" and one.args) or (one.name == "pow" and one.number(1, "exponent") == 0.5):
        one = diffusion.bare(one.args[0])
    else:
        return None
    if one.name == "sub" and len(one.args) == 2 and one.args[0].const in (1, 1.0):
        inner = diffusion.bare(one.args[1])
        if inner.name == "sub" and len(inner.args) == 2 and inner.args[0].const in (1, 1.0):
            one = inner
        elif inner.name != "linspace":
            return None
    rates = diffusion.bare(one.args[1]) if one.name == "sub" and len(one.args) == 2 else one
    ends = [rates.number(i) for i in (0, 1)] if rates.name == "linspace" else []
    small = len(ends) == 2 and all(isinstance(e, (int, float)) and 0 <= e <= 0.1 for e in ends)
    return one if small and one.name == "sub" else None
