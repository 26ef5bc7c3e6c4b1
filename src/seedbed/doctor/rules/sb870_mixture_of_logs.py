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
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _added(p, seen)
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


def _added(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``(log_weights + log_densities).sum(-1)``: the logs of all components are added up."""
    for total in p.made("sum"):
        inner = f.core(total.args[0]) if total.args else total
        along = total.number(1, "dim")
        if inner.name != "add" or not isinstance(along, int) or not p.trained(total) or id(total.node) in seen:
            continue
        terms = [f.core(t) for sign, t in f.plain_terms(inner) if sign > 0]
        weights = [t for t in terms if t.name == "log_softmax" and _along(t, along)]
        densities = [t for t in terms if t not in weights and t.grad and _is_density(t)]
        if len(weights) == 1 and len(densities) == 1 and weights[0].grad:
            seen.add(id(total.node))
            yield p.report(
                "SB870",
                total,
                "the logs of the weighted components are summed: the likelihood of a mixture is the log of a sum, "
                "logsumexp is missing",
                why="the sum makes every component fit all of the data, so the mixture collapses",
                fix=f"Use torch.logsumexp(log_weights + log_densities, dim={along})",
            )


def _along(logs: Val, dim: int) -> bool:
    """Whether a log_softmax runs along the axis that is summed."""
    own = logs.number(1, "dim")
    if own == dim:
        return True
    rank = len(logs.shape) if logs.shape else 0
    return isinstance(own, int) and rank > 0 and own % rank == dim % rank


def _is_density(val: Val) -> bool:
    """Whether it is the log-density of something: of a distribution, or minus a squared distance by hand."""
    if val.name == "log_prob":
        return True
    parts = [v for v, power in f.factors(val) if power > 0]
    squared = any(v.name in ("square", "pow") and v.grad for v in parts)
    return squared and (val.name == "neg" or any(isinstance(v.const, float | int) and v.const < 0 for v in parts))
