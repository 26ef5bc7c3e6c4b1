"""Noise is mixed in with the variance as its factor.

## What it does

Finds the forward process of a diffusion model in which the data is multiplied by the cumulative product of the alphas,
or the noise by one minus it, without the square root.

## Why is this bad

`alpha_bar` is a variance: with `sqrt(a) * x + sqrt(1 - a) * noise` the mixture keeps a variance of one, and it is what
the sampling formula inverts. Without the roots the network learns another process than the one that is run back.

## Example

```python
abar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 100), dim=0)
net, x = nn.Linear(2, 2), torch.randn(64, 2)
a = abar[torch.randint(0, 100, (64,))].unsqueeze(1)
noise = torch.randn_like(x)
loss = nn.functional.mse_loss(net(a * x + (1 - a) * noise), noise)
```

## Use instead

```python
abar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 100), dim=0)
net, x = nn.Linear(2, 2), torch.randn(64, 2)
a = abar[torch.randint(0, 100, (64,))].unsqueeze(1)
noise = torch.randn_like(x)
loss = nn.functional.mse_loss(net(a.sqrt() * x + (1 - a).sqrt() * noise), noise)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import diffusion
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("add", "add_") if p.made("cumprod") else ():
        if len(val.args) != 2 or id(val.node) in seen:
            continue
        mixed = diffusion.mixture(val)
        if mixed is None:
            continue
        wrong = [name for name, share in (("data", mixed.of_data), ("noise", mixed.of_noise)) if not share.rooted]
        if not wrong:
            continue
        seen.add(id(val.node))
        at = f.core(val)
        yield p.report(
            "SB672",
            at if at.line else val,
            f"the {' and the '.join(wrong)} of the diffusion mixture {'are' if len(wrong) > 1 else 'is'} scaled by the "
            "variance (alpha_bar): the square root (sqrt) is missing",
            why="only sqrt(alpha_bar) * x + sqrt(1 - alpha_bar) * noise keeps the variance: sampling inverts that",
            fix="Use x_t = alpha_bar[t].sqrt() * x + (1 - alpha_bar[t]).sqrt() * noise",
        )
