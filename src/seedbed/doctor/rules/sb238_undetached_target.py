"""Gradient flows into the target: detach() is missing.

## What it does

Finds bootstrapped targets (reward + gamma * max Q) through which gradient flows.

## Why is this bad

The network then also pulls its target towards its prediction, and learning is biased or diverges.

## Example

```python
net = nn.Linear(4, 2)
optimizer = torch.optim.Adam(net.parameters())
for s, a, r, s2 in loader:
    value = net(s).gather(1, a)
    target = r + 0.99 * net(s2).max(1, keepdim=True)[0]
    loss = F.mse_loss(value, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
net = nn.Linear(4, 2)
optimizer = torch.optim.Adam(net.parameters())
for s, a, r, s2 in loader:
    value = net(s).gather(1, a)
    with torch.no_grad():
        target = r + 0.99 * net(s2).max(1, keepdim=True)[0]
    loss = F.mse_loss(value, target)
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
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if p.source.says("volatile"):
        return  # how torch before 0.4 switched the graph off
    for event in p.once("loss"):
        if (
            event.name not in ("MSELoss", "SmoothL1Loss", "HuberLoss", "L1Loss")
            or len(event.args) < 2
            or not p.trained(event.result)
        ):
            continue
        yield from _check(p, event, event.args[0], event.args[1])
    for val, event in training.squared_errors(p):
        for pred, target in ((val.args[0], val.args[1]), (val.args[1], val.args[0])):
            if _bootstrapped(target):
                yield from _check(p, event, pred, target)
    yield from _policy(p)


def _bootstrapped(val: Val) -> bool:
    if val.kind != "tensor" or val.name != "add":
        return False
    for term in val.args:
        if (
            term.grad
            and term.name == "mul"
            and any(v.owner is not None or v.name == "forward" for v in ancestors(term, limit=80))
        ):
            others = [a for a in val.args if a is not term and not a.grad]
            if others and any(not a.grad for a in term.args):
                return True
    return False


def _check(p: Program, event: Event, pred: Val, target: Val) -> Iterator[Finding]:
    if not (target.grad and pred.grad) or not _bootstrapped(target) or not training.moves(p, target):
        return
    yield p.report(
        "SB238",
        target,
        "gradient flows into the bootstrapped target: detach() or no_grad is missing",
        why="the network is also trained to move its own target, which biases learning or makes it diverge",
        fix="Compute the target under torch.no_grad(), or use target.detach()",
        related=((str(event.src.path), event.line, "the loss"),),
    )


def _policy(p: Program) -> Iterator[Finding]:
    """Advantages and old log-probabilities in policy gradients that carry a gradient of their own."""
    seen: set[int] = set()
    for back in p.all("backward"):
        for val in ancestors(back.recv) if back.recv is not None else []:
            if val.kind != "tensor" or id(val.node) in seen or len(val.args) < 2:
                continue
            logs = [a for a in val.args if a.grad and _log_probability(a)]
            if val.name == "mul" and len(logs) == 1:
                other = next(a for a in val.args if a is not logs[0])
                gap = _advantage(other)
                if gap is not None:
                    seen.add(id(val.node))
                    yield p.report(
                        "SB238",
                        val,
                        "the advantage is not detached: the policy loss also trains the value network (the critic)",
                        why="gradient flows through the advantage into the critic, which learns to make the "
                        "policy loss small",
                        fix="Use advantage.detach() in the policy loss",
                        related=(q.place(gap),),
                    )
            if val.name == "sub" and len(logs) == 2 and any(u.name == "exp" for u in q.users(p, val)):
                seen.add(id(val.node))
                yield p.report(
                    "SB238",
                    val,
                    "the old log-probability in the ratio is not detached: it carries a gradient",
                    why="both log-probabilities come from the current policy, so the ratio is always 1 and "
                    "its gradient is zero",
                    fix="Compute the old log-probability once, under torch.no_grad(), before the updates",
                )


def _log_probability(val: Val) -> bool:
    """Whether a value is a log-probability, or a list of them stacked, or the ratio of two."""
    for one in q.chain(val)[:6]:
        if one.name in ("log_prob", "log_softmax"):
            return True
        if one.name == "mul":
            return any(a.grad and _log_probability(a) for a in one.args)
        if one.name in ("stack", "cat") and one.args and one.args[0].items:
            return any(_log_probability(i) for i in one.args[0].items[:2])
        if one.name == "exp" and one.args and one.args[0].name == "sub":
            return any(_log_probability(a) for a in one.args[0].args)
        if one.name in ("exp", "softmax"):
            return False  # a probability
    return False


def _advantage(val: Val) -> Val | None:
    """The difference of return and value that ``val`` is, where the gradient still reaches a value network."""
    current = val
    for _ in range(12):
        if not current.grad:
            return None
        if current.name == "neg" or current.name in TRANSPARENT or current.kind == "phi":
            if not current.args:
                return None
            if current.name in ("stack", "cat") and current.args[0].items:
                current = next((i for i in current.args[0].items if i.grad), current.args[0].items[0])
            else:
                current = next((a for a in current.args if a.grad), current.args[0])
            continue
        if current.name == "div" and current.args[0].grad:  # normalised
            current = current.args[0]
            continue
        break
    if current.name not in ("sub", "add") or len(current.args) != 2:
        return None
    if current.name == "sub" and current.args[1].name == "mean" and current.args[1].args:
        inner = _advantage(current.args[1].args[0])
        if inner is not None:
            return inner
    if not any(v.owner is not None for v in ancestors(current, limit=120)):
        return None
    if any(_log_probability(a) for a in current.args if a.grad):
        return None  # an entropy term as part of the reward, as in soft actor-critic
    return current if current.name == "sub" else None
