"""The entropy bonus of a policy has the wrong sign.

## What it does

Finds policy losses to which the entropy of the policy is added instead of subtracted.

## Why is this bad

The optimizer minimises. It then removes all exploration: the policy becomes sharp before it has learned anything.

## Example

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
for state, action, advantage in loader:
    dist = Categorical(logits=net(state))
    loss = -(dist.log_prob(action) * advantage).mean() + 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
for state, action, advantage in loader:
    dist = Categorical(logits=net(state))
    loss = -(dist.log_prob(action) * advantage).mean() - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core, factors, summands
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors, origins

_LOGS = frozenset(["log", "log_softmax", "logsigmoid"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = [(s, v) for s, v in summands(back.recv) if v.grad]
        if not any(_policy(v) for _, v in terms):
            continue
        for sign, val in terms:
            kind = _entropy(val)
            if not kind or sign * kind < 0 or id(val.node) in seen:
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB835",
                val,
                "the entropy bonus has the wrong sign: it is added to the loss, so training removes the exploration",
                why="the optimizer minimises the loss and with it the entropy, and the policy becomes sharp too early",
                fix="Subtract it: loss = policy_loss - coefficient * entropy.mean()",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _policy(val: Val) -> bool:
    """Whether a term is a policy gradient: a log-probability or a ratio times an advantage."""
    if _entropy(val):
        return False
    made = list(ancestors(val, limit=3000))
    drawn = any(v.name in ("gather", "getitem") and v.grad for v in made) and any(
        v.name in ("multinomial", "sample") for v in made
    )
    logs = any(v.name == "log_prob" for v in made) or (drawn and any(v.name in _LOGS for v in made))
    return logs and any(v.name in ("mul", "min", "minimum") for v in made)


def _entropy(val: Val) -> int:
    """1 when a term is an entropy, -1 when it is ``sum(p * log p)``, 0 when it is neither."""
    sign = 1
    one = core(val)
    for _ in range(8):
        while one.name == "neg" and one.args:
            sign, one = -sign, core(one.args[0])
        parts = [v for v, power in factors(one) if power > 0 and v.grad]
        logs = [v for v in parts if v.name in _LOGS]
        if len(parts) == 2 and not logs:  # exp(l) * l, where l are log-probabilities of several steps put together
            powers = [v for v in parts if v.name == "exp" and v.args and any(core(v.args[0]) is w for w in parts)]
            made = origins(powers[0].args[0]) if len(powers) == 1 else []
            return -sign if made and all(v.name in ("log_softmax", "logsigmoid") for v in made) else 0
        if len(parts) == 2 and len(logs) == 1:
            other = next(v for v in parts if v is not logs[0])
            base = core(logs[0].args[0]) if logs[0].args else logs[0]
            same = other is base or (other.name == "softmax" and logs[0].name == "log_softmax")
            return -sign if same or (other.name == "exp" and core(other.args[0]) is logs[0]) else 0
        if len(parts) != 1:
            return 0
        inner = parts[0]
        if inner.name == "entropy":
            return sign
        if inner.name in ("mean", "sum") and inner.args:
            one = core(inner.args[0])
        elif inner.name in ("stack", "cat") and inner.args and inner.args[0].items:
            one = core(inner.args[0].items[0])
        else:
            return 0
    return 0
