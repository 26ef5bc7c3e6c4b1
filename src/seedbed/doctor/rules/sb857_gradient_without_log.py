"""A policy gradient uses the probability of the action instead of its logarithm.

## What it does

Finds losses `-(p[action] * reward)` with the probability of a sampled action.

## Why is this bad

The estimate of the policy gradient is `grad log p * reward`. With `p` itself, actions that are rare get nearly no
gradient, and the expected update is not the gradient of the return.

## Example

```python
policy = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
optimizer = torch.optim.Adam(policy.parameters())
for state, reward in loader:
    p = policy(state)
    action = torch.multinomial(p, 1)
    loss = -(p.gather(1, action).squeeze(1) * reward).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
policy = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
optimizer = torch.optim.Adam(policy.parameters())
for state, reward in loader:
    p = policy(state)
    action = torch.multinomial(p, 1)
    loss = -(torch.log(p.gather(1, action).squeeze(1)) * reward).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors, origins

_LOGS = frozenset(["log_softmax"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for sign, term in f.summands(back.recv) if back.recv is not None else []:
            parts = f.factors(term)
            if sign > 0 and not any(_negative(v) for v, _ in parts) and term.name != "neg":
                continue
            picked = [v for v, power in parts if power > 0 and _probability(v)]
            others = [v for v, _ in parts if v not in picked and v.kind != "const"]
            if len(picked) != 1 or not others or any(v.grad for v in others) or id(term.node) in seen:
                continue
            if any(power < 0 for v, power in parts if v.kind != "const"):
                continue
            seen.add(id(term.node))
            yield p.report(
                "SB857",
                term,
                "the policy gradient uses the probability of the action, not its logarithm: log is missing (log_prob)",
                why="the gradient of the return is grad log p * reward; with p itself rare actions are hardly learned",
                fix="Use torch.log(p.gather(1, action)), or Categorical(p).log_prob(action)",
                related=(q.place(picked[0]),),
            )


def _negative(val: Val) -> bool:
    return isinstance(val.const, (int, float)) and val.const < 0


def _probability(val: Val) -> bool:
    """Whether a value is the probability of a sampled action."""
    one, wanted = val, training.PROBABILITY
    for _ in range(6):
        if one.name == "exp" and one.args and wanted is not _LOGS:
            one, wanted = one.args[0], _LOGS  # of a logarithm
            continue
        if one.name == "log_prob" and wanted is _LOGS and len(one.args) > 1:
            return f.core(one.args[1]).name == "sample"
        if one.name in ("gather", "getitem") and len(one.args) > 1:
            drawn = any(v.name in ("multinomial", "sample", "np_choice") for v in ancestors(one, limit=60))
            softened = one.args[0].name == "probs" or any(o.name in wanted for o in origins(one.args[0]))
            if drawn and softened:
                return True
        if one.name in ("stack", "cat") and one.args and one.args[0].items:
            one = one.args[0].items[0]
            continue
        if one.name not in TRANSPARENT or not one.args:
            return False
        one = one.args[0]
    return False
