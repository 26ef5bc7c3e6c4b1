"""An optimizer of one player also holds the parameters of the network that judges it.

## What it does

Finds two optimizers that step in the same round, where the first holds a network and its judge (generator and
discriminator, actor and critic) and the second holds the judge alone.

## Why is this bad

The loss of the first player flows through the judge. With the judge in its optimizer, the step changes the judge so
that it likes everything: it unlearns what its own optimizer has just taught it.

## Example

```python
G, D, bce = nn.Linear(8, 2), nn.Linear(2, 1), nn.BCEWithLogitsLoss()
opt_g = torch.optim.Adam([*G.parameters(), *D.parameters()])
opt_d = torch.optim.Adam(D.parameters())
for real, y in loader:
    fake = G(torch.randn(len(real), 8))
    loss_d = bce(D(real), torch.ones(len(real), 1)) + bce(D(fake.detach()), torch.zeros(len(real), 1))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    opt_g.zero_grad()
    bce(D(fake), torch.ones(len(real), 1)).backward()
    opt_g.step()
```

## Use instead

```python
G, D, bce = nn.Linear(8, 2), nn.Linear(2, 1), nn.BCEWithLogitsLoss()
opt_g = torch.optim.Adam(G.parameters())
opt_d = torch.optim.Adam(D.parameters())
for real, y in loader:
    fake = G(torch.randn(len(real), 8))
    loss_d = bce(D(real), torch.ones(len(real), 1)) + bce(D(fake.detach()), torch.zeros(len(real), 1))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    opt_g.zero_grad()
    bce(D(fake), torch.ones(len(real), 1)).backward()
    opt_g.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb867_gradient_of_other_player import judged
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = ownership.optimizers(p)
    steps = [s for s in p.all("step", "scaler_step") if s.loops and all(r <= 1 for r in s.rounds)]
    backs = [b for b in p.all("backward") if b.recv is not None and b.name != "grad" and b.loops]
    for made, wide, whole in table:
        for _, narrow, judges in table:
            holds = _opened(p, whole, judges)
            players = [m for m in holds if not any(ownership.related(m, j) for j in judges)]
            both = [m for m in holds if any(m is j for j in judges)]
            if narrow is wide or not players or not both or len(both) < len({id(j) for j in judges}):
                continue
            for step in (s for s in steps if _of(s, wide)):
                before = [b for b in backs if b.seq < step.seq and b.loops[-1] is step.loops[-1]]
                if not before or not any(_of(s, narrow) and s.loops[-1] is step.loops[-1] for s in steps):
                    continue
                back = before[-1]
                player = next((m for m in players if judged(p, back, m, both)), None)
                if player is None or not any(_apart(p, b, player, both) for b in backs if b.node is not back.node):
                    continue
                if _has_its_own(table, player, both):
                    continue  # a goal that both players share, beside the one of each
                yield p.report(
                    "SB157",
                    made,
                    f"the optimizer of {player.var or player.name} also holds the parameters of "
                    f"{both[0].var or both[0].name}: the step of one player changes the other (discriminator, critic)",
                    why=f"its loss (line {back.line}) flows through {both[0].var or both[0].name}, which is changed so "
                    "that it likes what it should judge",
                    fix=f"Give it {player.var or player.name}.parameters() only",
                    related=((str(step.src.path), step.line, "the step"),),
                )
                return


def _opened(p: Program, holds: list[Val], judges: list[Val]) -> list[Val]:
    """What an optimizer holds; of a module that only keeps the players together, and is never called, its parts."""
    found: list[Val] = []
    called = {id(o) for e in p.all("forward") if e.recv is not None for o in e.recv.options()}
    for module in holds:
        parts = [v for v in module.attrs.values() if v.kind == "module"]
        around = id(module) not in called and any(part is j for part in parts for j in judges)
        found += parts if around else [module]
    return found


def _has_its_own(table: list[tuple[Event, Val, list[Val]]], player: Val, both: list[Val]) -> bool:
    """Whether a third optimizer holds the player without its judge."""
    return any(
        any(m is player for m in holds) and not any(ownership.related(m, b) for m in holds for b in both)
        for _, _, holds in table
    )


def _of(step: Event, optimizer: Val) -> bool:
    """Whether a step is one of this optimizer, also through a scaler."""
    given = [step.recv, *step.args]
    return any(v is not None and any(o is optimizer for o in v.options()) for v in given)


def _apart(p: Program, back: Event, player: Val, both: list[Val]) -> bool:
    """Whether a loss trains the judge and not the player: then there are two goals."""
    root = back.recv
    if root is None:
        return False
    way = training.gradient_path_cached(p, root)
    owners = [v.owner for v in ancestors(root) if id(v) in way and v.kind == "tensor"]
    return any(o is b for o in owners for b in both) and not any(o is player for o in owners)
