"""A diffusion network is trained to give one thing and sampled as if it gave another.

## What it does

Finds networks that are trained towards the clean data but used as the noise in the sampling formula, and the other way
round.

## Why is this bad

The loss falls as it should, and every sample is nonsense.

## Example

```python
betas = torch.linspace(1e-4, 0.02, 100)
abar = torch.cumprod(1 - betas, dim=0)
net, x = nn.Linear(2, 2), torch.randn(64, 2)
t = torch.randint(0, 100, (64,))
noise = torch.randn_like(x)
x_t = abar[t].sqrt()[:, None] * x + (1 - abar[t]).sqrt()[:, None] * noise
nn.functional.mse_loss(net(x_t), x).backward()
with torch.no_grad():
    z = torch.randn(8, 2)
    for i in reversed(range(100)):
        z = (z - betas[i] / (1 - abar[i]).sqrt() * net(z)) / (1 - betas[i]).sqrt()
```

## Use instead

```python
betas = torch.linspace(1e-4, 0.02, 100)
abar = torch.cumprod(1 - betas, dim=0)
net, x = nn.Linear(2, 2), torch.randn(64, 2)
t = torch.randint(0, 100, (64,))
noise = torch.randn_like(x)
x_t = abar[t].sqrt()[:, None] * x + (1 - abar[t]).sqrt()[:, None] * noise
nn.functional.mse_loss(net(x_t), noise).backward()
with torch.no_grad():
    z = torch.randn(8, 2)
    for i in reversed(range(100)):
        z = (z - betas[i] / (1 - abar[i]).sqrt() * net(z)) / (1 - betas[i]).sqrt()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import diffusion
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.made("cumprod"):
        return
    learned = _learned(p)
    for val in p.made("sub"):
        taken = _taken(p, val)
        if taken is None:
            continue
        network, what = taken
        for one, (goal, event) in learned.items():
            if one != id(network.owner) or goal == what:
                continue
            yield p.report(
                "SB673",
                event,
                f"the network is trained towards the {goal}, but the sampling formula takes its output for the {what}",
                why="the step that removes the noise gets something else, so the samples are nonsense",
                fix=f"Train towards the {what} (the target of the loss), or sample with the formula for the {goal}",
                related=((str(val.src.path) if val.src else "", val.line, "the sampling step"),),
            )
            return


def _learned(p: Program) -> dict[int, tuple[str, Event | Val]]:
    """What each network is trained to give for its noised input: ``noise`` or ``clean sample``."""
    found: dict[int, tuple[str, Event | Val]] = {}
    for pred, target, event in pairs(p):
        network = next(_outputs(pred), None)
        if network is None:
            continue
        for val in ancestors(pred, limit=3000):
            mixed = diffusion.mixture(val) if val.name == "add" and len(val.args) == 2 else None
            if mixed is None:
                continue
            goal = f.core(target)
            at = (
                event
                if event.kind == "loss"
                else next((u for u in p.users(target) if u.name == "sub" and u.line), event)
            )
            if goal is f.core(mixed.data):
                found[id(network.owner)] = "clean sample", at
            elif goal is f.core(mixed.noise):
                found[id(network.owner)] = "noise", at
    return found


def _outputs(val: Val) -> Iterator[Val]:
    """The last layer of the network whose output a value is, only picked or moved."""
    for _ in range(24):
        if val.owner is not None and (val.name != "forward" or "opaque" in val.tags or not val.args):
            yield val
            return
        if not val.args or val.name not in _SEEN_THROUGH:
            return
        val = val.args[0]


_SEEN_THROUGH = ("forward", "getitem", "squeeze", "view", "reshape", "unsqueeze", "part", "float", "to")


def _taken(p: Program, val: Val) -> tuple[Val, str] | None:
    """What a sampling step ``(x - a * net(x)) / b`` takes the output of its network for."""
    if len(val.args) != 2:
        return None
    parts = f.factors(val.args[1])
    network = next((o for v, power in parts if power > 0 for o in _outputs(v)), None)
    if network is None or p.trained(network):
        return None
    above = [s for v, power in parts if power > 0 and (s := diffusion.share(v)) is not None and s.rooted]
    below = [s for v, power in parts if power < 0 and (s := diffusion.share(v)) is not None and s.rooted]
    outer = [
        s for u in p.users(val) if u.name in ("div", "true_divide") and u.args and u.args[0] is val
        for s in [diffusion.share(u.args[1])] if s is not None and s.rooted
    ]  # fmt: skip
    if not above and len(below) == 1 and below[0].rest:
        return network, "noise"
    if len(above) == len(outer) == 1 and not below and above[0].rest != outer[0].rest:
        return network, "noise" if above[0].rest else "clean sample"
    return None
