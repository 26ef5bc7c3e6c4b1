"""Generator and discriminator do not work against each other.

## What it does

Finds critics whose loss raises the score of fakes while the generator raises it too, generators whose hinge, softplus
or logarithm has the sign of fakes, and discriminators that get the same label for real and fake samples.

## Why is this bad

Both networks pull the same way, or the discriminator cannot learn a difference. The samples never become real.

## Example

```python
G, D = nn.Linear(8, 2), nn.Linear(2, 1)
og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
for real in loader:
    fake = G(torch.randn(len(real), 8))
    d_loss = D(real).mean() - D(fake.detach()).mean()
    od.zero_grad()
    d_loss.backward()
    od.step()
    g_loss = -D(fake).mean()
    og.zero_grad()
    g_loss.backward()
    og.step()
```

## Use instead

```python
G, D = nn.Linear(8, 2), nn.Linear(2, 1)
og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
for real in loader:
    fake = G(torch.randn(len(real), 8))
    d_loss = D(fake.detach()).mean() - D(real).mean()
    od.zero_grad()
    d_loss.backward()
    od.step()
    g_loss = -D(fake).mean()
    og.zero_grad()
    g_loss.backward()
    og.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import opponents
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core, summands
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    judge: dict[int, tuple[int, Val, Event]] = {}
    maker: dict[int, tuple[int, Val, Event]] = {}
    for back in p.once("backward"):
        if back.recv is None or back.args or back.kwargs.get("gradient") is not None:
            continue
        own = opponents.owned(p, back)
        for sign, term in summands(back.recv):
            score = core(term)
            if score.name != "forward" and not (score.owner is not None and score.name == "Linear"):
                continue
            critic = score.owner
            made = [v for v in ancestors(score, limit=300) if v.name != "forward" or v.owner is not critic]
            source = {id(v.owner) for v in made if v.owner is not None and getattr(v.owner, "kind", "") == "module"}
            outside = source - {id(s) for s in submodules(critic)}
            if not outside or critic is None:
                continue
            if any(o is critic for o in own):
                if not outside - {id(o) for o in own}:
                    continue  # real samples
                judge.setdefault(id(critic), (sign, term, back))
            elif any(id(o) in outside for o in own):
                maker.setdefault(id(critic), (sign, term, back))
    for key, (sign, term, _) in judge.items():
        if key in maker and maker[key][0] == sign:
            at = term if sign < 0 else maker[key][1]
            way = "raise" if sign < 0 else "lower"
            who = "the critic's loss" if sign < 0 else "the generator's loss"
            yield p.report(
                "SB848",
                at,
                f"the sign of {who} is wrong: critic and generator both {way} the score of fakes",
                why="the two must work against each other; as it is, the generator is told the wrong direction",
                fix="Use d_loss = D(fake).mean() - D(real).mean() and g_loss = -D(fake).mean()",
                related=(q.place(maker[key][1] if at is term else term),),
            )
    yield from _labels(p)
    yield from _helping(p, {id(t.node) for key, (_, t, _) in maker.items() if key in judge})


def _helping(p: Program, done: set[int]) -> Iterator[Finding]:
    """Losses of a generator that are formulas of the score: hinges, softplus, logarithms, squares."""
    for maker, judge in opponents.helping(p):
        if core(maker.term).name == "loss" or id(maker.term.node) in done:
            continue
        done.add(id(maker.term.node))
        yield p.report(
            "SB848",
            opponents.written(p, maker.term, [judge.term], maker.back),
            "the sign of the generator's loss is wrong: it moves the score of its samples as the discriminator does, "
            "so they are trained with the fake label",
            why="it learns to make the discriminator recognise its samples instead of fooling it",
            fix="Give the generator the loss that the discriminator has for real samples",
            related=(q.place(judge.term),),
        )


def fake_level(p: Program) -> float | None:
    """The label that the discriminator's own loss gives to fakes, where real samples get another."""
    reader = opponents.Reader(p)
    for back in p.once("backward"):
        terms = [core(t) for _, t in summands(back.recv)] if back.recv is not None else []
        losses = [t for t in terms if t.name == "loss" and len(t.args) >= 2]
        if len(losses) != 2:
            continue
        heads = [next((v for v in q.chain(t.args[0]) if v.owner is not None), None) for t in losses]
        if heads[0] is None or heads[1] is None or heads[0].owner is not heads[1].owner:
            continue
        levels = [reader.goal(t) for t in losses]
        fakes = [k for k, t, h in zip(levels, losses, heads, strict=True) if _generated(t.args[0], h)]
        if len(fakes) == 1 and None not in levels and levels[0] != levels[1]:
            return fakes[0]
    return None


def _labels(p: Program) -> Iterator[Finding]:
    """A discriminator whose real and fake samples get one label."""
    reader = opponents.Reader(p)
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = [core(t) for _, t in summands(back.recv)]
        losses = [
            t for t in terms if t.name == "loss" and t.tags & {"BCELoss", "BCEWithLogitsLoss"} and len(t.args) >= 2
        ]
        if len(losses) != 2:
            continue
        heads = [next((v for v in q.chain(t.args[0]) if v.owner is not None), None) for t in losses]
        if heads[0] is None or heads[1] is None or heads[0].owner is not heads[1].owner:
            continue
        kinds = [reader.goal(t) for t in losses]
        fakes = [t for t, h in zip(losses, heads, strict=True) if _generated(t.args[0], h)]
        if kinds[0] is not None and kinds[0] == kinds[1] and len(fakes) == 1 and id(fakes[0].node) not in seen:
            seen.add(id(fakes[0].node))
            yield p.report(
                "SB848",
                fakes[0],
                f"the discriminator gets the same label ({kinds[0]}) for real and fake samples",
                why="it cannot learn to tell them apart, so the generator learns nothing",
                fix="Use ones for real samples and zeros for fake samples",
                related=(q.place(next(t for t in losses if t is not fakes[0])),),
            )


def _generated(val: Val, head: Val | None) -> bool:
    return any(v.name == "detach" for v in ancestors(val, limit=200)) or (
        head is not None
        and any(
            v.name == "forward" and v.owner is not None and v.owner is not head.owner for v in ancestors(val, limit=200)
        )
    )
