"""A Wasserstein critic ends in a sigmoid, or is not held to be Lipschitz.

## What it does

Finds critics that are trained on `D(fake).mean() - D(real).mean()` and end in a sigmoid, or whose weights are neither
clipped nor penalised nor normalised.

## Why is this bad

The Wasserstein distance needs an unbounded score with a bounded slope. A sigmoid squashes the score, so the gradient
vanishes. Without clipping or a gradient penalty the score grows without end.

## Example

```python
G = nn.Linear(8, 2)
D = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
opt_g, opt_d = torch.optim.RMSprop(G.parameters(), 5e-5), torch.optim.RMSprop(D.parameters(), 5e-5)
for real, y in loader:
    fake = G(torch.randn(len(real), 8))
    opt_d.zero_grad()
    (D(fake.detach()).mean() - D(real).mean()).backward()
    opt_d.step()
    for w in D.parameters():
        w.data.clamp_(-0.01, 0.01)
    opt_g.zero_grad()
    (-D(fake).mean()).backward()
    opt_g.step()
```

## Use instead

```python
G = nn.Linear(8, 2)
D = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
opt_g, opt_d = torch.optim.RMSprop(G.parameters(), 5e-5), torch.optim.RMSprop(D.parameters(), 5e-5)
for real, y in loader:
    fake = G(torch.randn(len(real), 8))
    opt_d.zero_grad()
    (D(fake.detach()).mean() - D(real).mean()).backward()
    opt_d.step()
    for w in D.parameters():
        w.data.clamp_(-0.01, 0.01)
    opt_g.zero_grad()
    (-D(fake).mean()).backward()
    opt_g.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors, origins

_HOLDS = ("spectral_norm", "SpectralNorm", "parametrizations", "orthogonal", "grads", "clamp_", "weight_norm")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = [(s, t) for s, t in f.summands(back.recv) if t.kind == "tensor" and t.grad]
        if len(terms) < 2 or {s for s, _ in terms[:2]} != {1, -1} or len({id(t) for _, t in terms}) < 2:
            continue
        critics = [_critic(p, t) for _, t in terms]
        known = [c for c in critics if c is not None]
        if len(known) < 2 or known[0] is not known[1] or id(known[0]) in seen or len(known) < len(terms) - 1:
            continue
        critic = known[0]
        if len({id(e.recv) for e in p.all("step")}) < 2:
            continue
        seen.add(id(critic))
        last = next((o for _, t in terms for o in origins(t) if o.name in ("sigmoid", "tanh", "softmax")), None)
        if last is not None:
            yield p.report(
                "SB289",
                q.spot(last, back),
                f"the Wasserstein critic ends in {last.name}: its score must be unbounded (no sigmoid in WGAN)",
                why="the squashed score cannot measure the Wasserstein distance, and its gradient vanishes",
                fix="Let the critic end in its linear layer",
            )
        elif not _bounded(p, critic, back.recv):
            yield p.report(
                "SB289",
                back,
                "the Wasserstein critic is not held to be Lipschitz: weight clipping or gradient penalty is missing",
                why="D(fake).mean() - D(real).mean() has no lower bound without it: the scores grow without end",
                fix="Clip the critic's weights (p.data.clamp_(-0.01, 0.01)) or add a gradient penalty (WGAN-GP)",
            )


def _critic(p: Program, term: Val) -> Val | None:
    """The module whose raw output is averaged in a term."""
    current = term
    for _ in range(6):
        if current.kind == "phi":
            return None
        if current.name == "forward" and current.owner is not None:
            found: Val = current.owner
            return found if found.kind == "module" else None
        if current.kind == "tensor" and current.name in ("Linear", "sigmoid", "Conv2d"):
            event = next((e for e in p.all("forward") if e.result is not None and current in e.result.args), None)
            return event.recv if event is not None else None
        if not current.args:
            return None
        current = current.args[0]
    return None


def _of_another(call: Event, critic: Val) -> bool:
    """Whether a clamp_ is one of the weights of another network, such as the generator."""
    if not call.name.endswith("clamp_") or call.recv is None:
        return False
    owners = [m for m in ownership.modules_of(call.recv) if m.kind == "module"]
    return bool(owners) and not any(ownership.related(m, critic) for m in owners)


def _bounded(p: Program, critic: Val, loss: Val) -> bool:
    """Whether anything bounds the slope of the critic."""
    if any(
        v.name in ("grads", "norm", "pow", "square", "relu", "clamp", "softplus")
        for v in ancestors(loss, limit=3000)
        if v.name != "relu" or v.owner is None
    ):
        return True
    if any(not _of_another(e, critic) for e in p.calls(*_HOLDS)):
        return True
    return any(
        e.recv is not None and critic in ownership.modules_of(e.recv)
        for e in p.all("inplace", "attribute", "manual", "clip")
    )
