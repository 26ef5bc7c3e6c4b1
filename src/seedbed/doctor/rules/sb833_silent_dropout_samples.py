"""Monte-Carlo dropout samples are drawn in eval mode: they are all alike.

## What it does

Finds repeated forward passes on one input in eval mode whose spread is taken for an uncertainty.

## Why is this bad

eval() switches dropout off. All passes are identical and the uncertainty is zero.

## Example

```python
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
opt = torch.optim.Adam(model.parameters())
for x, y in loader:
    loss = F.mse_loss(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
model.eval()
with torch.no_grad():
    draws = torch.stack([model(grid) for _ in range(50)])
print(draws.mean(0), draws.std(0))
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
opt = torch.optim.Adam(model.parameters())
for x, y in loader:
    loss = F.mse_loss(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
model.eval()
for layer in model.modules():
    if isinstance(layer, nn.Dropout):
        layer.train()
with torch.no_grad():
    draws = torch.stack([model(grid) for _ in range(50)])
print(draws.mean(0), draws.std(0))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_SPREAD = frozenset(["std", "var", "std_mean", "var_mean", "quantile", "np_std"])
_RANDOM = frozenset(
    ["sample", "rsample", "randn", "rand", "randn_like", "rand_like", "bernoulli", "multinomial", "normal"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.calls(*_SPREAD):
        made = event.result
        if made is None:
            continue
        for val in _measured(made):
            if val.name not in ("stack", "cat", "array", "concatenate") or not val.args or not val.args[0].items:
                continue
            found = _pass(p, val.args[0])
            if found is None or id(found.node) in seen:
                continue
            seen.add(id(found.node))
            mode = _eval(p, found)
            near = mode is not None and mode.src is found.src and abs(mode.line - found.line) < 8
            yield p.report(
                "SB833",
                mode if mode is not None and near else found,
                "the Monte-Carlo passes run in eval mode: dropout is off, so all samples are identical",
                why="without dropout every forward pass gives the same output, and the uncertainty (std) is zero",
                fix="Switch the dropout layers on for the sampling: m.train() for each nn.Dropout in model.modules()",
                related=((str(event.src.path), event.line, f"{event.name.rsplit('.', 1)[-1]}() of the samples"),),
            )


def _measured(spread: Val) -> Iterator[Val]:
    """What a spread is taken of: the way down ends at a layer, whose outputs spread for other reasons."""
    stack, seen = [spread], 0
    while stack and seen < 60:
        one = stack.pop(0)
        seen += 1
        yield one
        if one.name != "forward" and not (one.owner is not None and one.name.startswith(ownership.WEIGHTED)):
            stack += [*one.args, *(one.items or ())]


def _fed_back(p: Program, event: Event) -> bool:
    """Whether outputs are inputs of the next pass: a text that grows by a word, a series that is continued."""
    again = [e for e in p.all("forward") if e.node is event.node and not e.depth]
    made = {id(e.result) for e in again}
    return any(id(v) in made for e in again for a in e.args for v in ancestors(a, limit=400))


def _pass(p: Program, group: Val) -> Event | None:
    """The forward pass that fills a list again and again, with the same input and no randomness left."""
    items = {id(v) for i in group.items or () for v in ancestors(i, limit=30) if v.name == "forward"}
    for event in p.all("forward"):
        if id(event.result) not in items or event.mode != "eval" or event.recv is None or event.depth:
            continue
        if not {c for c in ownership.contents(event.recv) if "Dropout" in c}:
            continue
        if group.name == "comprehension" and not _within(event, group):
            continue
        if _fed_back(p, event):
            continue
        if any(e.recv is not event.recv for e in p.all("forward") if e.node is event.node and not e.depth):
            continue  # each time another model is asked: the spread is that of trainings
        made = list(ancestors(event.result, limit=800)) if event.result is not None else []
        inputs = [v for a in event.args for v in ancestors(a, limit=200)]
        known = {id(v) for v in inputs}
        if any(v.name in _RANDOM and id(v) not in known for v in made):
            continue
        if _repeats(event, group) and not _changes(event, group) and not _switched_on(p, event):
            return event
    return None


def _within(event: Event, group: Val) -> bool:
    """Whether a call stands in a comprehension, or in a function that is called there."""
    inside = {id(n) for n in syntax.walk(group.node)} if group.node is not None else set()
    return id(event.node) in inside or any(id(node) in inside for node, _ in event.sites)


def _switched_on(p: Program, event: Event) -> bool:
    """Whether something (most likely the dropout) was set to training after the last ``eval()`` of the model."""
    modes = [e for e in p.all("mode") if e.seq < event.seq]
    last = max((e.seq for e in modes if e.name == "eval" and e.recv is event.recv), default=-1)
    flags = [e for e in p.all("attribute") if e.name == "training" and last < e.seq < event.seq]
    applied = [e for e in p.all("apply") if last < e.seq < event.seq]
    return bool(flags or applied) or any(e.name != "eval" and e.seq > last for e in modes)


def _repeats(event: Event, group: Val) -> bool:
    """Whether the list is filled by counting: ``for _ in range(n)``."""
    if group.name == "comprehension" and isinstance(group.node, (ast.ListComp, ast.GeneratorExp)):
        over = group.args[0] if group.args else None
        return over is not None and over.name == "range"
    return (
        event.loop is not None and event.loop.over is not None and event.loop.over.name in ("range", "tqdm", "trange")
    )


def _changes(event: Event, group: Val) -> bool:
    """Whether the input is another one in each pass."""
    for arg in event.args:
        for val in ancestors(arg, limit=200):
            if val.name in _RANDOM and event.loop is not None and event.loop.node in val.loops:
                return True
            if val.name == "int" and val.kind == "number":
                return True
    low = getattr(group.node, "lineno", 0)
    return group.name == "comprehension" and any(
        v.name in _RANDOM and v.line == low for a in event.args for v in ancestors(a, limit=60)
    )


def _eval(p: Program, event: Event) -> Event | None:
    """The last ``eval()`` of the model before an event."""
    found = [e for e in p.all("mode") if e.seq < event.seq and e.name == "eval" and e.recv is event.recv]
    later = [e for e in p.all("mode") if found and found[-1].seq < e.seq < event.seq and e.name == "train"]
    return found[-1] if found and not later else None
