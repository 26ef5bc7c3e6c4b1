"""A diffusion model is trained or sampled with the wrong time steps.

## What it does

Finds denoisers that are told another step than the one the input was noised with, that get the clean input, samplers
that run forward in time, and noise that is added after the last step.

## Why is this bad

The network must know how much noise there is. Sampling must go from the noisiest step to the cleanest.

## Example

```python
betas = torch.linspace(1e-4, 0.02, 100)
abar = torch.cumprod(1 - betas, dim=0)
net = nn.Linear(3, 2)
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    t = torch.randint(0, 100, (len(x0), 1))
    noise = torch.randn_like(x0)
    xt = abar[t].sqrt() * x0 + (1 - abar[t]).sqrt() * noise
    other = torch.randint(0, 100, (len(x0), 1))
    loss = F.mse_loss(net(torch.cat([xt, other / 100], 1)), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
betas = torch.linspace(1e-4, 0.02, 100)
abar = torch.cumprod(1 - betas, dim=0)
net = nn.Linear(3, 2)
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    t = torch.randint(0, 100, (len(x0), 1))
    noise = torch.randn_like(x0)
    xt = abar[t].sqrt() * x0 + (1 - abar[t]).sqrt() * noise
    other = torch.randint(0, 100, (len(x0), 1))
    loss = F.mse_loss(net(torch.cat([xt, t / 100], 1)), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import NOISE, pairs
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.formulas import core, plain_terms
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.syntax import walk
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for pred, target, event in pairs(p):
        goal = core(target)
        if goal.name not in NOISE or not pred.grad or id(event.node) in seen:
            continue
        made = list(ancestors(pred, limit=3000))
        if not any(v is goal for v in made):
            if any(u.name == "mul" for u in q.users(p, goal)) and not any(v.name in NOISE for v in made):
                seen.add(id(event.node))
                yield _report(p, event, "the network gets the clean input: the noised one (x_t) is not used")
            continue
        used = _steps(made, True)
        told = _steps(made, False)
        if used and told and not {id(v) for v in used} & {id(v) for v in told}:
            seen.add(id(event.node))
            at = told[0] if told[0].line else event
            yield _report(p, at, "the network is told another timestep than the one the input was noised with")
    yield from _sampling(p)
    yield from _strided(p)


def _report(p: Program, at: Val | Event, problem: str) -> Finding:
    return p.report(
        "SB849",
        at,
        f"diffusion: {problem}",
        why="the network cannot know how much noise it has to remove at this step, so samples are poor",
        fix="Draw t once, noise with it (x_t), call net(x_t, t), and sample for t in reversed(range(T))",
    )


def _steps(made: list[Val], keys: bool) -> list[Val]:
    """The random time steps that are used as keys of a schedule, or the ones that are used otherwise."""
    inside: dict[int, Val] = {}
    outside: dict[int, Val] = {}
    key_ids: set[int] = set()
    for val in made:
        if (
            val.name == "getitem"
            and len(val.args) > 1
            and any(v.name in ("cumprod", "linspace") for v in _few(val.args[0]))
        ):
            for v in ancestors(val.args[1], limit=12):
                if v.name == "randint":
                    inside[id(v)] = v
                key_ids.add(id(v))
    for val in made:
        if val.name in ("Embedding", "cat", "forward", "Linear", "div", "float", "add", "unsqueeze", "mul"):
            for arg in val.args:
                parts = arg.items or [arg]
                for part in parts:
                    first = core(part)
                    if first.name == "randint":
                        outside[id(first)] = first
                    elif first.name in ("div", "float", "mul") and first.args and core(first.args[0]).name == "randint":
                        outside[id(core(first.args[0]))] = core(first.args[0])
                    elif first.name == "zeros_like" and first.args and core(first.args[0]).name == "randint":
                        outside[id(first)] = first
    return list(inside.values()) if keys else list(outside.values())


def _few(val: Val) -> Iterator[Val]:
    return ancestors(val, limit=20)


def _sampling(p: Program) -> Iterator[Finding]:
    """Reverse processes that run forward, or end with noise."""
    seen: set[int] = set()
    scheduled = p.made_from("cumprod")
    for event in p.all("assign") if scheduled else ():
        val, loop = event.result, event.loop
        if val is None or loop is None or loop.over is None or event.grad or id(loop.node) in seen:
            continue
        if id(val) not in scheduled:
            continue
        if not any(v.name == "cumprod" for v in ancestors(val, limit=500)) or not _denoises(val, loop.node):
            continue
        over = loop.over
        down = (
            over.name == "reversed"
            or "reversed" in _text(loop.node)
            or "-1" in _text(loop.node)
            or "[::-1]" in _text(loop.node)
        )
        if over.name == "range" and not down and _plain_counter(val, loop.node):
            seen.add(id(loop.node))
            yield _report(p, event, "the sampling runs forward in time: it must go from the last step to the first")
        if down and _noisy_end(val, event):
            seen.add(id(loop.node))
            yield _report(p, event, "noise is added after the last step too (t = 0), so every sample stays noisy")


def _strided(p: Program) -> Iterator[Finding]:
    """A sampler that reads the schedule at ``steps[i]`` and tells the network ``i``."""
    keys = [
        k
        for v in p.made("getitem")
        if len(v.args) > 1 and any(a.name == "cumprod" for a in _few(v.args[0]))
        for k in (core(v.args[1]), *[core(i) for i in v.args[1].items or []])
    ]
    drawn = {id(k) for k in keys if k.name == "randint"}
    learned = any(e.grad and any(id(core(a)) in drawn for a in e.args[1:]) for e in p.all("forward"))
    seen: set[int] = set()
    for event in p.all("forward") if learned else ():
        told = [core(a) for a in event.args[1:] if not event.grad and event.loop is not None]
        filled = [a.args[-1] for a in told if a.name in ("full", "full_like") and len(a.args) > 1]
        for number in (n for n in filled if n.kind == "number" and n.name == "int"):
            picked = [k for k in keys if k.name == "getitem" and len(k.args) > 1 and k.args[1] is number]
            if picked and not any(k is number for k in keys) and id(event.node) not in seen:
                seen.add(id(event.node))
                name, at = number.var or "i", picked[0].args[0].var or "steps"
                yield _report(
                    p,
                    event,
                    f"the network is told {name}, the number of the round, but the schedule is read at {at}[{name}], "
                    "the timestep itself",
                )


def _text(node: ast.AST) -> str:
    return syntax.text(node.iter) if isinstance(node, ast.For) else ""


def _plain_counter(val: Val, loop: ast.AST) -> bool:
    """Whether the schedule is read at the counter itself, not at ``T - 1 - i``."""
    keys = [v.args[1] for v in ancestors(val, limit=2000) if v.name == "getitem" and len(v.args) > 1]
    return any(q.is_counter(k) or q.is_counter(core(k)) or core(k).name in ("full", "full_like") for k in keys)


def _denoises(val: Val, loop: ast.AST) -> bool:
    """Whether a value is one step of sampling: made from a network's output and a schedule."""
    return any(
        v.name == "forward" and v.owner is not None and v.loops[-1:] in ((), (loop,)) for v in ancestors(val, limit=200)
    ) and any(v.name in ("randn", "randn_like") for v in ancestors(val, limit=800))


def _noisy_end(val: Val, event: Event) -> bool:
    """Whether fresh noise is added in every round, whatever the step is."""
    loop = event.loop.node if event.loop is not None else None
    if loop is None or event.conds_in(event.loop) or any(isinstance(n, (ast.Continue, ast.Break)) for n in walk(loop)):
        return False
    if any(isinstance(n, (ast.If, ast.IfExp)) for f in event.funcs for n in walk(f.node) if f.node is not None):
        return False
    for sign, term in plain_terms(val):
        if sign > 0 and term.name == "mul":
            drawn = [core(a) for a in term.args if core(a).name in ("randn", "randn_like")]
            scale = [a for a in term.args if core(a).name not in ("randn", "randn_like")]
            if (
                drawn
                and len(scale) == 1
                and not any(
                    v.name in ("compare", "phi", "where") or v.kind == "phi" for v in ancestors(scale[0], limit=40)
                )
            ):
                return True
    return False
