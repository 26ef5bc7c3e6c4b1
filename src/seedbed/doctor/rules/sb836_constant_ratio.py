"""The probability ratio of PPO is always one.

## What it does

Finds ratios of new and old policy whose old log-probability comes from the policy that is being updated.

## Why is this bad

The ratio is one in every step, the clipping never acts, and several epochs on one batch move the policy too far.

## Example

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
for epoch in range(10):
    logp = Categorical(logits=net(states)).log_prob(actions)
    ratio = (logp - logp.detach()).exp()
    loss = -torch.min(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
opt = torch.optim.Adam(net.parameters())
with torch.no_grad():
    old = Categorical(logits=net(states)).log_prob(actions)
for epoch in range(10):
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
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name not in ("clamp", "clip") or not val.args or id(val.node) in seen:
                continue
            ratio = core(val.args[0])
            gap = ratio.args[0] if ratio.name == "exp" and ratio.args else ratio
            if gap.name not in ("sub", "div") or len(gap.args) != 2 or (ratio.name == "exp") != (gap.name == "sub"):
                continue
            problem = _same_policy(p, back, *gap.args)
            if problem:
                seen.add(id(val.node))
                yield p.report(
                    "SB836",
                    gap,
                    f"the ratio of new to old policy is always 1: {problem}",
                    why="clipping never acts, so several updates on one batch can move the policy without bound",
                    fix="Store the log-probabilities at rollout (old log-prob, no grad) and divide by those",
                    related=(q.place(val),),
                )


def _same_policy(p: Program, back: Event, new: Val, old: Val) -> str:
    if any(v.kind == "phi" for v in (new, old)):
        return ""
    if core(new) is core(old) and new.grad and not old.grad:
        return "the old log-prob is the current one, detached"
    loop = back.loops[-1].node if back.loops else None
    outer = [frame.node for frame in back.loops[:-1]]
    if loop is None or not outer or not new.grad or old.grad:
        return ""
    made = [v for v in ancestors(core(old), limit=400) if v.name == "forward" and v.owner is not None]
    used = {id(v.owner) for v in ancestors(core(new), limit=400) if v.name == "forward"}
    fresh = [e for e in p.all("forward") if any(e.result is v for v in made) and any(f.node is loop for f in e.loops)]
    if fresh and all(id(e.recv) in used for e in fresh) and not _sampled_inside(p, old, loop):
        return "the old log-prob is computed anew in every update, from the policy that is updated"
    return ""


def _sampled_inside(p: Program, old: Val, loop: object) -> bool:
    """Whether the actions themselves are drawn in the loop: then one update follows each rollout."""
    return any(
        v.name in ("sample", "rsample", "multinomial") and loop in v.loops for v in ancestors(old, limit=400)
    ) or any(e.name.endswith("sample") and any(f.node is loop for f in e.loops) for e in p.all("call"))
