"""The parameters that should train have requires_grad=False.

## What it does

Finds training of a model all of whose parameters have `requires_grad=False`.

## Why is this bad

Frozen parameters get no gradient: nothing (or nothing but other parts) is trained.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for q in model.parameters():
    q.requires_grad = False
head = nn.Linear(3, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(head(model(x)), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for q in model.parameters():
    q.requires_grad = False
head = nn.Linear(3, 3)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(head(model(x)), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import freezing, methods, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    frozen = {**freezing.surely(p), **ownership.frozen(p)}
    if not frozen or q.gives_gradients(p):
        return  # gradients that are written into .grad need no graph: evolution strategies, those of another process
    for event, optimizer, modules in ownership.optimizers(p):
        if not any(q.same(s.recv, optimizer) for s in p.all("step")) or not modules:
            continue
        weights = [
            m
            for one in modules
            for m in methods.submodules(one)
            if m.name.startswith(ownership.WEIGHTED) or "external" in m.tags
        ]
        if not weights or not all(id(m) in frozen for m in weights):
            yield from _named_part(p, event, optimizer, modules, frozen)
            continue
        if _filtered(optimizer):
            continue  # only what is not frozen is taken
        where = frozen[id(weights[0])]
        if any(s.seq < where.seq and q.same(s.recv, optimizer) for s in p.all("step")):
            continue
        if any("patched" in m.tags for one in modules for m in methods.submodules(one)):
            continue
        yield p.report(
            "SB125",
            q.beside(where, event),
            "all parameters that the optimizer holds are frozen: requires_grad is False",
            why="frozen parameters get no gradient, so nothing that the optimizer holds is trained",
            fix="Set requires_grad_(True) on what should train, or give the optimizer the parameters that "
            "are not frozen",
            related=((str(event.src.path), event.line, "the optimizer"),),
        )


def _named_part(
    p: Program, event: Event, optimizer: Val, modules: list[Val], frozen: dict[int, Event]
) -> Iterator[Finding]:
    """A part that the optimizer is given by name is frozen, while another part that it is given is not."""
    if len({id(m) for m in modules}) < 2 or _filtered(optimizer):
        return
    for one in modules:
        weights = [m for m in methods.submodules(one) if m.name.startswith(ownership.WEIGHTED)]
        if not weights or not all(id(m) in frozen for m in weights):
            continue
        where = frozen[id(weights[0])]
        if not _with_the_rest(where, one):
            continue  # it was frozen itself: that is meant, and harmless
        if where.seq > event.seq or any(e.kind == "attribute" and e.seq > event.seq for e in p.all("requires_grad_")):
            continue
        if any(m.tags & {"patched", "external"} for m in methods.submodules(one)):
            continue
        yield p.report(
            "SB125",
            event,
            f"the optimizer is given {one.var or one.name}, but its parameters are frozen (requires_grad is False): "
            "they are never updated",
            why="frozen parameters get no gradient, whatever optimizer holds them",
            fix=f"Set requires_grad_(True) on {one.var or one.name}, or leave it out of the optimizer",
            related=((str(where.src.path), where.line, "frozen here"),),
        )
        return


def _with_the_rest(switch: Event, part: Val) -> bool:
    """Whether a part was frozen only as a part of something larger."""
    if switch.recv is None:
        return False
    roots = [switch.recv] if switch.recv.kind == "module" else ownership.modules_of(switch.recv)
    return bool(roots) and all(r is not part and ownership.contains(r, part) for r in roots)


def _filtered(optimizer: Val) -> bool:
    """Whether the parameters are chosen by ``requires_grad`` when the optimizer is made."""
    for part in (v for a in optimizer.inputs() for v in ancestors(a, limit=80)):
        if (
            part.name in ("comprehension", "filter")
            and part.node is not None
            and "requires_grad" in syntax.text(part.node)
        ):
            return True
    return False
