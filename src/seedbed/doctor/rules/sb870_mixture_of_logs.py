"""A mixture's likelihood is the weighted sum of log-probabilities.

## What it does

Finds losses `-(softmax(pi) * dist.log_prob(y)).sum()` of mixture density networks.

## Why is this bad

The likelihood of a mixture is the logarithm of the sum. The sum of logarithms makes every component fit all of the
data: the mixture collapses to one mean.

## Example

```python
net = nn.Linear(8, 9)
optimizer = torch.optim.Adam(net.parameters())
for x, y in loader:
    pi, mu, log_sigma = net(x).chunk(3, 1)
    log_p = torch.distributions.Normal(mu, log_sigma.exp()).log_prob(y)
    loss = -(torch.softmax(pi, 1) * log_p).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
net = nn.Linear(8, 9)
optimizer = torch.optim.Adam(net.parameters())
for x, y in loader:
    pi, mu, log_sigma = net(x).chunk(3, 1)
    log_p = torch.distributions.Normal(mu, log_sigma.exp()).log_prob(y)
    loss = -torch.logsumexp(torch.log_softmax(pi, 1) + log_p, 1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("mul") if p.trains and p.anywhere("log_prob") else ():
        if len(val.args) != 2 or not val.grad or id(val.node) in seen or not p.trained(val):
            continue
        for weight, log in ([f.core(a) for a in val.args], [f.core(a) for a in val.args[::-1]]):
            dist = log.args[0] if log.name == "log_prob" and log.args else None
            if weight.name != "softmax" or dist is None or not weight.grad or not log.grad:
                continue
            if dist.name not in ("Normal", "MultivariateNormal", "Laplace", "LogNormal", "Independent"):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB870",
                val,
                "the likelihood of a mixture is the log of a sum, not the sum of logs: logsumexp is missing",
                why="weighted log-probabilities make every component fit all of the data, so the mixture collapses",
                fix="Use -torch.logsumexp(log_softmax(pi, 1) + log_prob, dim=1).mean()",
            )
