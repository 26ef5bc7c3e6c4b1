"""A policy gradient has the wrong sign: actions with a high return become rare.

## What it does

Finds a minimised `log_prob * advantage` without the minus, a minus that is there twice (value minus return as the
advantage), and a policy or actor-critic loss that subtracts the error of its value network.

## Why is this bad

The optimizer minimises. With the wrong sign the policy learns to avoid what was rewarded.

## Example

```python
policy = nn.Linear(4, 2)
optimizer = torch.optim.Adam(policy.parameters())
for state, reward in loader:
    dist = torch.distributions.Categorical(logits=policy(state))
    action = dist.sample()
    loss = (dist.log_prob(action) * reward).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
policy = nn.Linear(4, 2)
optimizer = torch.optim.Adam(policy.parameters())
for state, reward in loader:
    dist = torch.distributions.Categorical(logits=policy(state))
    action = dist.sample()
    loss = -(dist.log_prob(action) * reward).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_GAINS = frozenset(
    ["reward", "rewards", "rew", "rews", "r", "rs", "ret", "rets", "return", "returns", "adv", "advantage", "gain", "g"]
)
_LOSSES = frozenset(["cost", "costs", "penalty", "penalties", "regret", "loss", "losses", "neg", "negative", "error"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        terms = f.summands(back.recv) if back.recv is not None else []
        policy = [(s, v, w) for s, v in terms for w in [_weight(v)] if w is not None]
        for sign, term, weight in policy:
            known = _sign(weight)
            if known is None or id(term.node) in seen:
                continue
            for part, _ in f.factors(term):
                if isinstance(part.const, (int, float)) and part.const < 0:
                    sign = -sign
            sign *= _negations(term)
            if sign * known < 0:
                continue
            seen.add(id(term.node))
            turned = known < 0
            yield p.report(
                "SB884",
                weight if turned and weight.line else term,
                "the advantage has the wrong sign: it is the value minus the return"
                if turned
                else "the policy gradient has the wrong sign: log_prob * return is minimised, the minus is missing",
                why="the optimizer minimises, so actions with a high return become rare",
                fix="Use returns - values" if turned else "Use loss = -(log_prob * advantage).mean()",
                related=((str(back.src.path), back.line, "backward()"),),
            )
        for sign, term in terms if policy else ():
            error = term.name == "loss" and term.tags & {"MSELoss", "SmoothL1Loss", "HuberLoss"} and term.grad
            if sign < 0 and error and id(term.node) not in seen:
                seen.add(id(term.node))
                yield p.report(
                    "SB884",
                    term,
                    "the value loss is subtracted: the sign is wrong, so the critic learns to be wrong",
                    why="the optimizer minimises the sum, and with it maximises the error of the values",
                    fix="Add it: policy_loss + 0.5 * value_loss - 0.01 * entropy",
                )


def _weight(term: Val) -> Val | None:
    """What weighs the log-probability of a sampled action in a term."""
    parts = [v for v, power in f.factors(term) if v.kind != "const" and (power > 0 or v.grad)]
    logs = [v for v in parts if _policy(v)]
    others = [v for v in parts if v not in logs and not v.grad]
    if (
        len(logs) != 1
        or len(others) != 1
        or len(parts) != 2
        or others[0].kind not in ("tensor", "phi", "number", "unknown")
    ):
        return None
    names = {w for v in ancestors(others[0], limit=60) for w in words(v.var)}
    return others[0] if names & _GAINS and not names & _LOSSES else None


def _policy(val: Val) -> bool:
    """Whether a value is the log-probability of an action that was sampled."""
    one = val
    for _ in range(8):
        if one.name == "log_prob" and len(one.args) > 1:
            return any(o.name == "sample" for o in f.core(one.args[1]).options())
        if one.name in ("stack", "cat") and one.args and one.args[0].items:
            one = one.args[0].items[0]
        elif (one.name in TRANSPARENT or one.name == "sum") and one.args:
            one = one.args[0]
        else:
            return False
    return False


def _negations(term: Val) -> int:
    """-1 where factors of a term are negated an odd number of times."""
    sign, stack = 1, [term]
    while stack:
        one = f.core(stack.pop())
        if one.name == "neg" and one.args:
            sign = -sign
            stack.append(one.args[0])
        elif one.name in ("mul", "multiply", "div", "true_divide") and len(one.args) >= 2:
            stack.extend(one.args[:2])
    return sign


def _sign(weight: Val, depth: int = 0) -> int | None:
    """1 where a weight grows with the reward, -1 where it falls, ``None`` where that is not clear."""
    one = f.core(weight)
    if depth > 6:
        return None
    if one.name in ("div", "true_divide") and one.args:
        return _sign(one.args[0], depth + 1)
    if one.name in ("add", "sub") and len(one.args) == 2:
        left, right = one.args
        if right.kind == "const" or (right.name in ("mean", "add") and right.args and right.args[0] is left):
            return _sign(left, depth + 1)
        nets = [_valued(left), _valued(right)]
        if one.name == "sub" and nets == [False, True]:
            return 1
        if one.name == "sub" and nets == [True, False] and _rewarded(right) and not _rewarded(left):
            return -1
        return 1 if one.name == "add" and nets == [False, False] else None
    if one.name in ("tensor", "as_tensor", "list", "stack", "cat", "part", "batch", "sum", "getitem", "element"):
        return 1
    if one.name in ("phi", "unknown", "number") or one.kind in ("unknown", "number"):
        return 1
    return None


def _valued(val: Val) -> bool:
    """Whether a value is an output of a network, not only something that an action of the network led to."""
    stack, seen = [val], set[int]()
    while stack and len(seen) < 60:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.owner is not None and one.kind == "tensor" and one.name != "loss":
            return True
        if one.kind in ("tensor", "phi", "list", "tuple") and one.name not in ("part", "sample", "batch"):
            stack.extend(one.inputs())
    return False


def _rewarded(val: Val) -> bool:
    return bool({w for v in ancestors(val, limit=40) for w in words(v.var)} & _GAINS)
