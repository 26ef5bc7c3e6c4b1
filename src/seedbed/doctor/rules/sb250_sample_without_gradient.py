"""Sample() cuts the gradient: reparameterised rsample() is needed.

## What it does

Finds `sample()` from a distribution whose parameters should be trained through the sample.

## Why is this bad

`sample()` has no gradient. The encoder gets no signal from the reconstruction.

## Example

```python
from torch.distributions import Normal
enc, dec = nn.Linear(4, 2), nn.Linear(2, 4)
optimizer = torch.optim.Adam([*enc.parameters(), *dec.parameters()])
for x in loader:
    z = Normal(enc(x), 1.0).sample()
    loss = F.mse_loss(dec(z), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
from torch.distributions import Normal
enc, dec = nn.Linear(4, 2), nn.Linear(2, 4)
optimizer = torch.optim.Adam([*enc.parameters(), *dec.parameters()])
for x in loader:
    z = Normal(enc(x), 1.0).rsample()
    loss = F.mse_loss(dec(z), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    scored = {
        id(v) for e in p.calls("log_prob") if e.name == ".log_prob" for a in e.args for v in ancestors(a, limit=20)
    }
    for event in p.first_calls("sample"):
        made = event.result
        if (
            event.name != ".sample"
            or made is None
            or event.recv is None
            or event.recv.kind != "distribution"
            or not event.recv.grad
        ):
            continue
        if event.recv.name not in (
            "Normal",
            "LogNormal",
            "Laplace",
            "MultivariateNormal",
            "Independent",
            "Beta",
            "Dirichlet",
            "Gamma",
            "Uniform",
            "StudentT",
        ):
            continue
        into = [
            e
            for e in p.all("forward")
            if any(made in q.chain(a) for a in e.args) and training.trained_output(p, e.result)
        ]
        places = [(str(e.src.path), e.line, "the sample is used here") for e in into] or _in_loss(p, made)
        if places and id(made) not in scored and event.grad and not _scores(p, event.recv):
            yield p.report(
                "SB250",
                event,
                "sample() has no gradient: the reparameterised rsample() is needed here",
                why="nothing flows back through the sample, so what made the distribution gets no gradient from it",
                fix="Use rsample()",
                related=(places[0],),
            )


def _in_loss(p: Program, made: Val) -> list[tuple[str, int, str]]:
    """Where a sample enters a loss that the distribution's parameters should be trained by."""
    found = []
    for back in p.all("backward"):
        if back.recv is not None and id(made) in training.gradient_path_cached(p, back.recv):
            found.append((str(back.src.path), back.line, "the loss that the sample is in"))
    return found


def _scores(p: Program, distribution: Val) -> bool:
    """Whether log-probabilities of this distribution are used (REINFORCE)."""
    return any(
        e.name == ".log_prob" and e.recv is not None and q.same(e.recv, distribution) for e in p.calls("log_prob")
    )
