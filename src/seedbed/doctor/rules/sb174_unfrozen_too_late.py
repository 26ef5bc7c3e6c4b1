"""Weights are unfrozen after the optimizer has left them out.

## What it does

Finds layers that are unfrozen while the optimizer was built only from what was not frozen then.

## Why is this bad

The optimizer chose its parameters when it was made. What is unfrozen later gets gradients but is never updated.

## Example

```python
body, head = nn.Linear(4, 8), nn.Linear(8, 2)
model = nn.Sequential(body, nn.ReLU(), head)
for p in body.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
for epoch in range(10):
    if epoch == 5:
        for p in body.parameters():
            p.requires_grad = True
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
body, head = nn.Linear(4, 8), nn.Linear(8, 2)
model = nn.Sequential(body, nn.ReLU(), head)
for p in body.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
for epoch in range(10):
    if epoch == 5:
        for p in body.parameters():
            p.requires_grad = True
        optimizer.add_param_group({"params": body.parameters(), "lr": 1e-4})
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, rounds, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = ownership.optimizers(p)
    if not table or any(e.name == ".add_param_group" for e in p.calls("add_param_group")):
        return
    switches = [s for s in p.all("attribute", "requires_grad_", "requires_grad") if _flag(s) is not None]
    seen: set[int] = set()
    for on in switches:
        if _flag(on) is not True or id(on.node) in seen:
            continue
        layers = {
            id(m) for root in _roots(on) for m in methods.submodules(root) if m.name.startswith(ownership.WEIGHTED)
        }
        found = _left_out(p, on, layers, switches)
        if found is not None:
            seen.add(id(on.node))
            yield found
            continue
        before = [(e, o, m) for e, o, m in table if e.seq < on.seq]
        if not layers or not before or any(e.seq > on.seq for e, _, _ in table):
            continue
        for made, optimizer, modules in before:
            if not _chosen(optimizer) or not any(s.seq > on.seq and q.same(s.recv, optimizer) for s in p.all("step")):
                continue
            off = [s for s in switches if s.seq < made.seq and _flag(s) is False and layers & _ids(s)]
            again = [
                s for s in switches if off and off[-1].seq < s.seq < made.seq and _flag(s) is True and layers & _ids(s)
            ]
            if not off or again or not any(layers & {id(x) for x in methods.submodules(m)} for m in modules):
                continue
            seen.add(id(on.node))
            yield p.report(
                "SB174",
                q.beside(on, made),
                "layers are unfrozen here, but the optimizer was built from what was not frozen then: they are never "
                "updated",
                why=f"the optimizer (line {made.line}) took only the parameters with requires_grad; the unfrozen "
                "ones are not in it and "
                "get gradients that nothing applies",
                fix="Add them: optimizer.add_param_group({'params': ...}), or give it all parameters at first",
                related=(
                    (str(made.src.path), made.line, "the optimizer"),
                    (str(off[-1].src.path), off[-1].line, "frozen"),
                ),
            )
            break


def _left_out(p: Program, on: Event, layers: set[int], switches: list[Event]) -> Finding | None:
    """Layers that were frozen and are unfrozen here, and that no optimizer which steps from here on holds."""
    off = [s for s in switches if s.seq < on.seq and _flag(s) is False and layers & _ids(s)]
    if any(rounds.repeats(loop) and any(b.inside(loop) for b in p.all("backward")) for loop in on.loops):
        return None  # switched off and on again in every round, around another player's step
    later = [e for e in p.all("step") if e.seq > on.seq and e.recv is not None]
    stepped = [(e, o) for e, o, _ in ownership.optimizers(p) if any(q.same(s.recv, o) for s in later)]
    if (
        not off
        or not stepped
        or not layers
        or any(s.seq > on.seq and layers & _ids(s) for s in switches if not _flag(s))
    ):
        return None
    if any(layers & {id(m) for m in ownership.held(o)} for _, o in _since(p, on, stepped)):
        return None
    if not _learn_again(p, on, layers):
        return None
    made = stepped[-1][0]
    return p.report(
        "SB174",
        made if made.seq > on.seq else on,
        "layers are unfrozen but the optimizer does not hold them: they take part in the loss and are never updated",
        why="requires_grad alone moves nothing; only what is in a parameter group of the optimizer is trained",
        fix="Add a group for them: {'params': layers.parameters(), 'lr': ...}",
        related=((str(on.src.path), on.line, "unfrozen here"),),
    )


def _since(p: Program, on: Event, stepped: list[tuple[Event, Val]]) -> list[tuple[Event, Val]]:
    """The optimizers that step, and those that are made after the layers were unfrozen."""
    return stepped + [(e, o) for e, o, _ in ownership.optimizers(p) if e.seq > on.seq]


def _learn_again(p: Program, on: Event, layers: set[int]) -> bool:
    """Whether a loss is made with such layers after they were unfrozen."""
    uses = [(e, o) for e in p.all("forward") if e.seq > on.seq and e.recv is not None for o in e.recv.options()]
    mine = [e for e, o in uses if layers & {id(m) for m in methods.submodules(o)}]
    return any(training.trained_output(p, e.result) for e in mine)


def _flag(event: Event) -> bool | None:
    if event.recv is None or (event.kind == "attribute" and (event.name != "requires_grad" or not event.args)):
        return None
    flag = event.args[0].const if event.args else True
    return flag if isinstance(flag, bool) else None


def _roots(event: Event) -> list[Val]:
    if event.recv is None:
        return []
    if event.recv.kind == "module":
        return [] if event.kind == "attribute" else [event.recv]
    return ownership.modules_of(event.recv)


def _ids(event: Event) -> set[int]:
    return {id(m) for root in _roots(event) for m in methods.submodules(root)}


def _chosen(optimizer: Val) -> bool:
    """Whether the optimizer's parameters were chosen by ``requires_grad``."""
    for one in (v for a in optimizer.inputs() for v in ancestors(a, limit=80)):
        made = one.node if one.name in ("comprehension", "filter") else None
        if made is not None and "requires_grad" in syntax.text(made):
            return True
    return False
