"""A policy gradient pairs log-probabilities with the wrong actions or rewards.

## What it does

Finds `log_prob` of an action that was drawn anew, not of the one that was taken, and losses that multiply the mean
log-probability by the mean advantage. Also `log_prob` of the sample before `tanh`, where the critic gets the one after.

## Why is this bad

Only the log-probability of the action that was taken belongs to its reward. Means multiplied have no such pairing.

## Example

```python
from torch.distributions import Categorical

policy = nn.Linear(4, 2)
opt = torch.optim.Adam(policy.parameters())
for state in loader:
    dist = Categorical(logits=policy(state))
    action = dist.sample()
    reward = env.step(action)
    loss = -(dist.log_prob(dist.sample()) * reward).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
from torch.distributions import Categorical

policy = nn.Linear(4, 2)
opt = torch.optim.Adam(policy.parameters())
for state in loader:
    dist = Categorical(logits=policy(state))
    action = dist.sample()
    reward = env.step(action)
    loss = -(dist.log_prob(action) * reward).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.formulas import core, factors, summands
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("log_prob"):
        made = event.result
        if made is None or made.name != "log_prob" or len(made.args) < 2 or id(event.node) in seen:
            continue
        drawn, dist = core(made.args[1]), made.args[0]
        if drawn.name == "argmax" and p.trained(made) and _greedy(p, dist, drawn):
            seen.add(id(event.node))
            yield p.report(
                "SB843",
                event,
                "log_prob() is taken of the argmax, not of the action that was sampled",
                why="the reward belongs to the sampled action, so the gradient is noise",
                fix="Use the sampled action for both: action = dist.sample(); logp = dist.log_prob(action)",
                related=(q.place(drawn),),
            )
            continue
        if drawn.name == "argmax" and _own_best(dist, drawn) and p.trained(made) and _weighed(p, made):
            if _switched(event, drawn):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB843",
                drawn if drawn.line else event,
                "the action is the argmax of the policy, it is not sampled: there is no exploration",
                why="the policy gradient holds for actions drawn from the policy; of the others nothing is ever learnt",
                fix="Draw it while training: action = dist.sample(); the argmax is for evaluation",
            )
            continue
        if drawn.name != "sample" or not p.trained(made):
            continue
        if (weight := _weighed_by_others(p, made, drawn)) is not None:
            seen.add(id(event.node))
            yield p.report(
                "SB843",
                event,
                "log_prob() is taken of a newly drawn sample that nothing else gets, not of the action that was taken",
                why="the reward belongs to another action, so the gradient is noise",
                fix="Keep the action that was taken and use it: logp = dist.log_prob(action)",
                related=(q.place(weight),),
            )
            continue
        others = [v for v in q.users(p, dist) if v.name == "sample" and v is not drawn and v.loops == drawn.loops]
        own = [u for u in q.users(p, drawn) if id(u.node) != id(made.node) and u.name not in ("assign",)]
        taken = [o for o in others if any(e.args and any(_same(a, o) for a in e.args) for e in p.all("call"))]
        if taken and not own and drawn.node is not taken[0].node and _weighed(p, made):
            seen.add(id(event.node))
            yield p.report(
                "SB843",
                event,
                "log_prob() is taken of a newly drawn sample, not of the action that was taken",
                why="the reward belongs to another action, so the gradient is noise",
                fix="Sample once and use it for both: action = dist.sample(); logp = dist.log_prob(action)",
                related=(q.place(taken[0]),),
            )
    yield from _squashed(p, seen)
    yield from _apart(p, seen)
    yield from _along_batch(p, seen)


_LOGS = frozenset(["log", "log1p", "log2", "logdet", "slogdet", "softplus", "logsigmoid", "log_abs_det_jacobian"])


def _squashed(p: Program, seen: set[int]) -> Iterator[Finding]:
    """A critic gets ``tanh(u)``, and the entropy term of the same loss the density of ``u`` without its correction."""
    for back in p.once("backward"):
        made = list(ancestors(back.recv)) if back.recv is not None else []
        scores = [v for v in made if v.name == "log_prob" and len(v.args) > 1 and v.grad]
        for score in scores:
            drawn, dist = core(score.args[1]), score.args[0]
            if drawn.name != "rsample" or dist.name not in ("Normal", "MultivariateNormal") or id(score.node) in seen:
                continue
            acts = [v for v in made if v.name == "tanh" and v.args and core(v.args[0]) is drawn]
            if not acts or any(core(s.args[1]) is drawn and s.args[0] is not dist for s in scores):
                continue
            if not any(_beside_state(v, acts) for v in made) or _corrected(p, made, score, drawn):
                continue
            seen.add(id(score.node))
            yield p.report(
                "SB843",
                score,
                "log_prob() is that of the Gaussian before tanh, but the action is squashed: the correction is missing",
                why="by the change of variables the density of tanh(u) is another one; the entropy that is trained is "
                "wrong, most of all near the bounds",
                fix="Subtract it: logp = dist.log_prob(u) - torch.log(1 - action.pow(2) + 1e-6), summed over the "
                "actions",
                related=(q.place(acts[0]),),
            )


def _beside_state(val: Val, acts: list[Val]) -> bool:
    """Whether an action is put beside something else, as the input of a critic."""
    items = val.args[0].items if val.name == "cat" and val.args else None
    return bool(items) and any(v in acts for i in items or () for v in (core(i), *(w for w, _ in factors(i))))


def _corrected(p: Program, made: list[Val], score: Val, drawn: Val) -> bool:
    """Whether a logarithm of the sample goes into the loss too, or something that is not understood."""
    for val in made:
        inside = val.name in _LOGS or val.kind not in ("tensor", "number", "const", "list", "tuple")
        if inside and val is not drawn and any(v is drawn or v is score for v in ancestors(val, limit=600)):
            return True
    changed = [e.recv for e in p.all("setitem", "inplace") if e.recv is not None]
    return any(v is score for r in changed for v in ancestors(r, limit=60))


def _along_batch(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``log_softmax(scores, dim=1).gather(0, ...)``: the log-probability of another sample's class."""
    for made in p.made("gather"):
        table = core(made.args[0]) if made.args else made
        if table.name not in ("log_softmax", "softmax") or made.number(1, "dim") != 0 or not p.trained(made):
            continue
        if table.number(1, "dim") in (1, -1) and (table.shape is None or len(table.shape) == 2) and made.line:
            if id(made.node) in seen:
                continue
            seen.add(id(made.node))
            yield p.report(
                "SB843",
                made,
                f"gather(0, ...) picks along the batch: the {table.name} is over dim=1, the classes (actions)",
                why="a sample is trained on the log-probability of other samples",
                fix="Use gather(1, index.unsqueeze(1)).squeeze(1)",
            )


def _greedy(p: Program, dist: Val, best: Val) -> bool:
    """Whether the same distribution was sampled beside it, and the sample was used."""
    drawn = [v for v in q.users(p, dist) if v.name == "sample" and v.loops == best.loops]
    return any(u.name != "log_prob" for v in drawn for u in q.users(p, v))


def _switched(event: Event, best: Val) -> bool:
    """Whether another branch of a switch samples instead: the argmax is for showing what was learnt."""
    body = event.funcs[-1].node if event.funcs else event.node
    for branch in (n for n in syntax.walk(body) if isinstance(n, ast.If | ast.IfExp)):
        sides = [branch.body, branch.orelse]
        parts = [{n for s in (side if isinstance(side, list) else [side]) for n in syntax.walk(s)} for side in sides]
        draws = [any(isinstance(n, ast.Attribute) and n.attr in ("sample", "rsample") for n in part) for part in parts]
        if any(best.node in part and other for part, other in zip(parts, reversed(draws), strict=True)):
            return True
    return False


def _own_best(dist: Val, best: Val) -> bool:
    """Whether the argmax is taken of the scores of this very distribution."""
    scores = [core(a) for a in (*dist.args, *dist.kwargs.values()) if a.kind == "tensor"]
    within = [core(v) for v in ancestors(best, limit=12)]
    return any(v is s for v in within for s in scores) or any(v is dist for v in within)


def _weighed(p: Program, made: Val) -> bool:
    """Whether a loss multiplies the log-probability by something without a gradient, as with rewards."""
    for back in p.once("backward"):
        for val in ancestors(back.recv, limit=400) if back.recv is not None else ():
            if val.name == "mul" and len(val.args) == 2 and val.grad:
                for logs, weight in (val.args, val.args[::-1]):
                    if weight.const is None and any(v is made for v in ancestors(logs, limit=200)):
                        return True
    return False


def _weighed_by_others(p: Program, made: Val, drawn: Val) -> Val | None:
    """The rewards by which the log-probability of a fresh draw is weighed, where the draw can have no part in them."""
    used = [u for u in q.users(p, drawn) if u.node is not made.node]
    held = [e for e in p.events if e.kind != "assign" and e.result is not made and e.result is not drawn]
    if used or any(e.recv is drawn or any(a is drawn for a in e.args) for e in held):
        return None
    for val in (u for u in q.users(p, made) if u.name == "mul" and len(u.args) == 2 and p.trained(u)):
        weight = val.args[1] if val.args[0] is made else val.args[0]
        rows = weight.kind == "tensor" and not weight.grad and bool(weight.shape) and weight.shape != (1,)
        parts = list(ancestors(weight, limit=400))
        taken = any(v.name in ("sample", "argmax", "multinomial") for v in parts)  # the action that was rewarded
        if rows and taken and not any(v is drawn or v.kind == "unknown" or v is made for v in parts):
            return weight
    return None


def _same(val: Val, drawn: Val) -> bool:
    return any(v is drawn for v in ancestors(val, limit=20))


def _apart(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The mean log-probability times the mean advantage."""
    for back in p.once("backward"):
        for _, term in summands(back.recv) if back.recv is not None else []:
            parts = [v for v, power in factors(term) if power > 0]
            means = [v for v in parts if v.name in ("mean", "sum") and v.args]
            logs = [v for v in means if core(v.args[0]).name == "log_prob"]
            others = [v for v in means if v not in logs and v.kind == "tensor"]
            if logs and others and id(term.node) not in seen:
                seen.add(id(term.node))
                yield p.report(
                    "SB843",
                    term,
                    "the mean of the log-probabilities is multiplied by the mean of the advantages",
                    why="each action must be weighed by its own advantage, so multiply first and average then",
                    fix="Use -(log_prob * advantage).mean()",
                )
