"""The clipped objective of PPO is put together wrongly.

## What it does

Finds PPO losses with `max` instead of `min`, with the wrong sign, or with a ratio that is inverted or lacks `exp`.

## Why is this bad

The clipping must take the worse of the two values. Otherwise it removes the bound instead of setting it.

## Example

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
for states, actions, old, adv in loader:
    logp = Categorical(logits=net(states)).log_prob(actions)
    ratio = (logp - old).exp()
    loss = -torch.max(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
for states, actions, old, adv in loader:
    logp = Categorical(logits=net(states)).log_prob(actions)
    ratio = (logp - old).exp()
    loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
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
from seedbed.doctor.static.values import Val, ancestors

_LOWER, _UPPER = ("min", "minimum"), ("max", "maximum")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for sign, term in summands(back.recv) if back.recv is not None else []:
            if term.name not in _LOWER + _UPPER or len(term.args) != 2 or id(term.node) in seen:
                continue
            ratio = _ratio(term)
            if ratio is None:
                continue
            problem = _order(sign, term) or _quotient(ratio) or _around_zero(term, ratio)
            if problem:
                seen.add(id(term.node))
                yield p.report(
                    "SB844",
                    term if "ratio" not in problem else ratio,
                    f"the clipped PPO objective is wrong: {problem}",
                    why="the clipping then does not bound the update, or training makes good actions less likely",
                    fix="Use ratio = (logp - old_logp).exp() and loss = -torch.min(ratio * adv, clipped * adv).mean()",
                    related=((str(back.src.path), back.line, "backward()"),),
                )


def _ratio(term: Val) -> Val | None:
    """The ratio that one side clips and the other side does not."""
    for one, other in (term.args, term.args[::-1]):
        clipped = [v for v, _ in factors(one) if v.name in ("clamp", "clip") and v.args]
        plain = [v for v, _ in factors(other)] + [core(a) for a in core(other).args]
        if clipped and any(core(clipped[0].args[0]) is v for v in plain):
            return core(clipped[0].args[0])
    return None


def _around_zero(term: Val, ratio: Val) -> str:
    """Whether a ratio, which is 1 for an unchanged policy, is clipped to (-eps, eps)."""
    clips = [v for a in term.args for v, _ in factors(a) if v.name in ("clamp", "clip") and len(v.args) > 2]
    for clip in clips if ratio.name == "exp" else ():
        low, high = clip.args[1], clip.args[2]
        negative = low.name == "neg" or (isinstance(low.const, (int, float)) and low.const < 0)
        if negative and isinstance(high.const, (int, float)) and 0 < high.const < 1:
            return "the ratio is clipped around 0: an unchanged policy has the ratio 1, clip to (1 - eps, 1 + eps)"
    return ""


def _minus(val: Val) -> int:
    """The sign that a product carries by negations and negative numbers."""
    sign, stack = 1, [core(val)]
    while stack:
        one = stack.pop()
        if one.name == "neg" and one.args:
            sign = -sign
            stack.append(core(one.args[0]))
        elif one.name in ("mul", "div") and len(one.args) == 2:
            stack += [core(a) for a in one.args]
        elif isinstance(one.const, (int, float)) and one.const < 0:
            sign = -sign
    return sign


def _order(sign: int, term: Val) -> str:
    signs = {_minus(a) for a in term.args}
    if len(signs) != 1:
        return "the clipped and the plain side have different signs"
    inner = signs.pop()
    lower = term.name in _LOWER
    if sign * inner > 0:
        return "its sign is wrong, so training minimises the advantage of the policy"
    if lower != (inner > 0):
        return f"{term.name} takes the better of the plain and the clipped value: it must be the worse one (min)"
    return ""


def _quotient(ratio: Val) -> str:
    if ratio.name == "exp" and ratio.args:
        gap = core(ratio.args[0])
        if gap.name == "sub" and len(gap.args) == 2 and gap.args[1].grad and not gap.args[0].grad:
            return "the ratio is inverted (old policy over new policy)"
        return ""
    if ratio.name in ("sub", "div") and len(ratio.args) == 2 and any(_log(a) for a in ratio.args):
        return "the ratio lacks exp: log-probabilities are subtracted or divided as if they were probabilities"
    return ""


def _log(val: Val) -> bool:
    return any(v.name == "log_prob" for v in ancestors(val, limit=12)) or "log" in (val.var or "")
