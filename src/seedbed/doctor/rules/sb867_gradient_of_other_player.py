"""The generator steps on gradients that the discriminator's loss has left in it.

## What it does

Finds loops that clear the generator's gradients before the discriminator's backward, do not detach the fakes there,
and step the generator without clearing again. Likewise a discriminator that is stepped on what the generator's loss has
left in it, because it was cleared before that loss and not after.

## Why is this bad

The discriminator's loss wants the fakes to be recognised. Its gradient is added to the generator's own, so half of
each step makes the fakes worse.

## Example

```python
G, D, bce = nn.Linear(8, 2), nn.Linear(2, 1), nn.BCEWithLogitsLoss()
opt_g, opt_d = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
for real, y in loader:
    opt_g.zero_grad()
    opt_d.zero_grad()
    fake = G(torch.randn(len(real), 8))
    loss_d = bce(D(real), torch.ones(len(real), 1)) + bce(D(fake), torch.zeros(len(real), 1))
    loss_d.backward()
    opt_d.step()
    loss_g = bce(D(G(torch.randn(len(real), 8))), torch.ones(len(real), 1))
    loss_g.backward()
    opt_g.step()
```

## Use instead

```python
G, D, bce = nn.Linear(8, 2), nn.Linear(2, 1), nn.BCEWithLogitsLoss()
opt_g, opt_d = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
for real, y in loader:
    opt_d.zero_grad()
    fake = G(torch.randn(len(real), 8))
    loss_d = bce(D(real), torch.ones(len(real), 1)) + bce(D(fake.detach()), torch.zeros(len(real), 1))
    loss_d.backward()
    opt_d.step()
    opt_g.zero_grad()
    loss_g = bce(D(G(torch.randn(len(real), 8))), torch.ones(len(real), 1))
    loss_g.backward()
    opt_g.step()
```
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    backs = [e for e in p.all("backward") if e.recv is not None and _early(e) and e.name != "grad"]
    steps = [e for e in p.all("step") if e.recv is not None and _early(e)]
    if len({id(e.recv) for e in steps}) < 2:
        return
    for one, two in itertools.pairwise(backs):
        if one.loop is None or one.node is two.node or "inputs" in one.kwargs:
            continue
        if one.loop not in two.loops and two.loop not in one.loops:
            continue
        found = _leak(p, one, two, steps)
        if found is not None:
            yield found
            return


def _early(event: Event) -> bool:
    """Whether it is in the first or second round of every loop."""
    return all(r <= 1 for r in event.rounds)


def _leak(p: Program, one: Event, two: Event, steps: list[Event]) -> Finding | None:
    between = [e for e in steps if one.seq < e.seq < two.seq]
    after = [e for e in steps if e.seq > two.seq]
    if not between or not after or after[0].recv is between[0].recv:
        return None
    held, others = _held(after[0]), _held(between[0])
    if not held or any(h is k for h in held for k in others):
        return None
    leaked = [m for m in _reached(one) if any(m is h for h in held)]
    if not leaked or _cleared(p, held, one, after[0]):
        return None
    step = ((str(after[0].src.path), after[0].line, "the step"),)
    name = leaked[0].var or leaked[0].name
    if one.first and one.loop is two.loop and judged(p, one, leaked[0], others):
        return p.report(
            "SB867",
            one,
            f"the gradient of this loss also flows into {name} and is not cleared before its own step: detach() or "
            "zero_grad() is missing",
            why="the two players want opposite things: the discriminator's gradient makes the generator's step worse",
            fix="Use fake.detach() in the discriminator's loss, and clear the generator just before its own backward()",
            related=step,
        )
    if _fixed(p, leaked) or any(m is k for m in _reached(two) for k in others):
        return None
    if not any(judged(p, one, player, leaked) for player in _reached(one) if any(player is k for k in others)):
        return None
    return p.report(
        "SB867",
        two,
        f"the step of {name} also uses what the other player's loss (line {one.line}) left in its gradients: "
        "zero_grad() is missing between the two backward() calls",
        why="the generator's loss flows through the discriminator and leaves its gradient there; not cleared, it is "
        "added to the discriminator's own, which wants the opposite",
        fix=f"Call zero_grad() on the optimizer of {name} just before this backward()",
        related=step,
    )


def _fixed(p: Program, modules: list[Val]) -> bool:
    """Whether a module is switched off somewhere: then the other player's loss leaves nothing in it."""
    for event in p.all("attribute", "requires_grad_", "requires_grad"):
        if event.kind == "attribute" and event.name != "requires_grad":
            continue
        roots = ownership.modules_of(event.recv)
        if not roots or any(ownership.related(r, m) for r in roots for m in modules):
            return True
    return False


def judged(p: Program, back: Event, player: Val, judges: list[Val]) -> bool:
    """Whether the loss holds a judge's opinion of what the other player made."""
    root = back.recv
    if root is None:
        return False
    for val in ancestors(root):
        if val.owner is not None and any(val.owner is j for j in judges):
            given = (v for a in val.args for v in ancestors(a, limit=400))
            if any(v.owner is player and v.kind == "tensor" for v in given):
                return True
    return False


def _held(event: Event) -> list[Val]:
    return [h for o in (event.recv.options() if event.recv is not None else ()) for h in ownership.held(o)]


def _reached(event: Event) -> list[Val]:
    """The modules that get a gradient from a loss."""
    root = event.recv
    if root is None:
        return []
    path = training.gradient_path(root)
    return [
        v.owner
        for v in ancestors(root)
        if id(v) in path and v.grad and v.owner is not None and getattr(v.owner, "kind", "") == "module"
    ]


def _cleared(p: Program, held: list[Val], after: Event, before: Event) -> bool:
    """Whether the gradients of these modules are set to zero between two events."""
    for event in p.all("clear"):
        if not after.seq < event.seq < before.seq or event.recv is None:
            continue
        for one in event.recv.options():
            if any(h is k or ownership.contains(k, h) for h in held for k in (one, *ownership.held(one))):
                return True
    return False
