"""The target network is never brought up to date.

## What it does

Finds bootstrapped targets of a copy of the network that nothing copies or averages again during training.

## Why is this bad

The targets stay those of the random network at the start. The values converge to one step of look-ahead of noise.

## Example

```python
import copy
net = nn.Linear(4, 2)
frozen = copy.deepcopy(net)
opt = torch.optim.Adam(net.parameters())
for state, action, reward, next_state, done in loader:
    with torch.no_grad():
        goal = reward + 0.99 * (1 - done) * frozen(next_state).max(1).values
    value = net(state).gather(1, action.unsqueeze(1)).squeeze(1)
    loss = F.mse_loss(value, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
import copy
net = nn.Linear(4, 2)
frozen = copy.deepcopy(net)
opt = torch.optim.Adam(net.parameters())
for step, (state, action, reward, next_state, done) in enumerate(loader):
    with torch.no_grad():
        goal = reward + 0.99 * (1 - done) * frozen(next_state).max(1).values
    value = net(state).gather(1, action.unsqueeze(1)).squeeze(1)
    loss = F.mse_loss(value, goal)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 500 == 0:
        frozen.load_state_dict(net.state_dict())
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.rules.sb841_wrong_bootstrap import bootstrap
from seedbed.doctor.static import methods, ownership, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    seen: set[int] = set()
    for pred, target, event in pairs(p):
        found = bootstrap(target)
        if found is None or not pred.grad or not event.loops:
            continue
        made = {id(v) for v in ancestors(found[1], limit=400)}
        for call in training.forwards(p):
            net = call.recv
            if net is None or net.kind != "module" or id(net) in seen or id(call.result) not in made:
                continue
            if training.learns(p, net) and _in_optimizer(p, net):
                continue
            seen.add(id(net))
            if not _moved(p, net) and not _said(p, net):
                yield p.report(
                    "SB855",
                    net,
                    f"the target network {net.var or net.name} is never updated: nothing copies the trained weights "
                    "into it",
                    why="the targets stay those of the weights at the start",
                    fix="Call target.load_state_dict(net.state_dict()) every few hundred steps, or average it slowly",
                    related=((str(event.src.path), event.line, "the loss"),),
                )


def _in_optimizer(p: Program, net: Val) -> bool:
    return any(h is net or ownership.contains(h, net) for _, o, _ in ownership.optimizers(p) for h in ownership.held(o))


def _moved(p: Program, net: Val) -> bool:
    """Whether anything changes the weights of a network inside a loop."""
    parts = methods.submodules(net)
    for event in p.all("restore", "average", "inplace", "attribute", "augment", "setitem", "manual"):
        if event.recv is None or not (event.loops or event.funcs) or _own_state(event):
            continue
        if any(o is m for o in event.recv.options() for m in parts) and (event.loops or event.kind == "average"):
            return True
        owners = ownership.modules_of(event.recv) if event.kind != "restore" else []
        if any(m is s or ownership.contains(m, s) for m in owners for s in parts):
            return True
    return any(net in (*e.args, *e.kwargs.values()) and not e.name.startswith("copy") for e in p.all("call", "make"))


def _own_state(event: Event) -> bool:
    """``net.load_state_dict(net.state_dict())``: it gets what it has."""
    state = event.args[0] if event.kind == "restore" and event.args else None
    return state is not None and state.kind == "state" and bool(state.args) and state.args[0] is event.recv


def _said(p: Program, net: Val) -> bool:
    """Whether a loop or a function moves it in a branch that the reader did not take, as far as names say."""
    once = {id(e.recv.owner.node) for e in p.all("invoke") if e.recv is not None and not e.loops}
    once -= {id(e.recv.owner.node) for e in p.all("invoke") if e.recv is not None and e.loops}  # main(), setup()
    blocks = [n for n in q.nodes(p, ast.For, ast.While, ast.FunctionDef) if getattr(n, "name", "") != "__init__"]
    blocks = [n for n in blocks if id(n) not in once]
    for block in blocks:
        selves = {id(n) for c in syntax.walk(block) if isinstance(c, ast.Call) for n in _to_itself(c)}
        for node in syntax.walk(block):
            if id(node) in selves:
                continue
            owner = node.value if isinstance(node, ast.Attribute) else None
            moves = isinstance(node, ast.Attribute) and node.attr in ("load_state_dict", "parameters", "state_dict")
            if owner is not None and moves and syntax.text(owner).rsplit(".", 1)[-1] == net.var:
                return True
    return any(
        {"update", "sync", "soft", "polyak", "copy"} & set(words(e.name)) for e in p.all("invoke") if net in e.args
    )


def _to_itself(call: ast.Call) -> list[ast.AST]:
    """The parts of ``net.load_state_dict(net.state_dict())``."""
    func, given = call.func, call.args[0] if call.args else None
    if not isinstance(func, ast.Attribute) or func.attr != "load_state_dict" or not isinstance(given, ast.Call):
        return []
    inner = given.func
    if not isinstance(inner, ast.Attribute) or syntax.text(inner.value) != syntax.text(func.value):
        return []
    return [func, inner]
