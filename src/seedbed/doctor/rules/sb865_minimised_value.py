"""The actor is trained to lower the value that the critic gives it.

## What it does

Finds actor losses `critic(state, actor(state)).mean()` without the minus sign, where the critic estimates returns.

## Why is this bad

The optimizer minimises: the actor learns the worst action.

## Example

```python
actor, critic = nn.Linear(4, 1), nn.Linear(5, 1)
opt_a, opt_c = torch.optim.Adam(actor.parameters()), torch.optim.Adam(critic.parameters())
for s, a, r, s2 in loader:
    with torch.no_grad():
        goal = r + 0.99 * critic(torch.cat([s2, actor(s2)], 1))
    opt_c.zero_grad()
    F.mse_loss(critic(torch.cat([s, a], 1)), goal).backward()
    opt_c.step()
    opt_a.zero_grad()
    critic(torch.cat([s, actor(s)], 1)).mean().backward()
    opt_a.step()
```

## Use instead

```python
actor, critic = nn.Linear(4, 1), nn.Linear(5, 1)
opt_a, opt_c = torch.optim.Adam(actor.parameters()), torch.optim.Adam(critic.parameters())
for s, a, r, s2 in loader:
    with torch.no_grad():
        goal = r + 0.99 * critic(torch.cat([s2, actor(s2)], 1))
    opt_c.zero_grad()
    F.mse_loss(critic(torch.cat([s, a], 1)), goal).backward()
    opt_c.step()
    opt_a.zero_grad()
    (-critic(torch.cat([s, actor(s)], 1)).mean()).backward()
    opt_a.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.rules.sb841_wrong_bootstrap import bootstrap
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    critics = {
        id(c)
        for pred, goal, event in pairs(p)
        if bootstrap(goal) is not None or (pred.grad and not goal.grad and _is_reward(goal, event) and _asked(pred))
        for c in _modules(pred)[:2]
    }
    if not critics:
        return
    seen: set[int] = set()
    for back in p.once("backward"):
        terms = [(s, t) for s, t in f.summands(back.recv) if t.grad] if back.recv is not None else []
        if len(terms) != 1 or terms[0][0] < 0 or id(back.node) in seen:
            continue
        term = terms[0][1]
        chain = _modules(term)
        if not chain or id(chain[0]) not in critics or not _plain(term):
            continue
        actors = [m for m in _modules_under(term) if m is not chain[0]]
        stepped = [
            e
            for e in p.all("step")
            if e.seq > back.seq
            and e.recv is not None
            and any(m is h for m in actors for o in e.recv.options() for h in ownership.held(o))
        ]
        if not actors or not stepped:
            continue
        seen.add(id(back.node))
        yield p.report(
            "SB865",
            term if term.line else back,
            "the sign of the actor's loss is wrong: the value of the critic is minimised (the minus is missing)",
            why="the optimizer lowers the loss, so the actor learns the action with the worst value",
            fix="Maximise it: actor_loss = -critic(state, actor(state)).mean()",
            related=((str(back.src.path), back.line, "backward()"),),
        )


_REWARDS = frozenset(["reward", "rewards", "rew", "rews", "r", "return", "returns", "payoff", "profit"])
_COSTS = frozenset(["cost", "costs", "neg", "negative", "regret", "loss", "penalty"])


def _is_reward(goal: Val, event: Event) -> bool:
    """Whether what a critic is fitted to is a reward, by its name there or where it was made."""
    given = event.node.args[:2] if isinstance(event.node, ast.Call) else []
    named = f.said(goal) if f.core(goal).name != "neg" else set()
    told = named | {w for n in given if isinstance(n, ast.Name | ast.Attribute) for w in words(syntax.text(n))}
    return bool(told & _REWARDS) and not told & _COSTS


def _asked(pred: Val) -> bool:
    """Whether a network is given two things side by side, as a state and an action."""
    head = next((v for v in ancestors(pred, limit=80) if v.name in ("cat", "concat", "hstack") and v.args), None)
    return head is not None and len(head.args[0].items or ()) > 1


def _plain(term: Val) -> bool:
    """Whether only an average stands above the critic's output."""
    return all(
        v.owner is not None or v.name in ("mean", "sum", "squeeze", "view", "getitem", "reshape", "flatten", "part")
        for v in _upper(term)
    )


def _upper(term: Val) -> list[Val]:
    """The arithmetic above the critic's output."""
    found, current = [], term
    for _ in range(10):
        found.append(current)
        if current.owner is not None or not current.args:
            break
        current = current.args[0]
    return found


def _modules(term: Val) -> list[Val]:
    """The modules whose output a value is, from outside inwards."""
    found: list[Val] = []
    current = term
    for _ in range(14):
        if current.kind == "phi":
            current = current.args[0]
        if current.owner is not None and current.owner.kind == "module":
            found.append(current.owner)
        if not current.args or len(found) > 2:
            break
        current = current.args[0]
    return found


def _modules_under(term: Val) -> list[Val]:
    return [v.owner for v in ancestors(term, limit=400) if v.owner is not None and v.owner.kind == "module" and v.grad]
