"""Negative items are drawn from the whole catalogue, the items that the user liked among them.

## What it does

Finds ranking losses (BPR) whose negative item is drawn from a small catalogue and never looked at, while the program
keeps a set of the positive items of every user.

## Why is this bad

Some of the drawn items are positive ones (false negatives): the loss pushes down what the user has chosen, more often
the smaller the catalogue is.

## Example

```python
liked = {user: set(items) for user, items in histories}
pairs = torch.tensor([(user, item) for user in liked for item in sorted(liked[user])])
users, items = nn.Embedding(50, 8), nn.Embedding(90, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for rows in torch.randperm(len(pairs)).split(64):
    user, item = pairs[rows, 0], pairs[rows, 1]
    other = torch.randint(0, 90, item.shape)
    better = (users(user) * items(item)).sum(-1)
    worse = (users(user) * items(other)).sum(-1)
    loss = -F.logsigmoid(better - worse).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
liked = {user: set(items) for user, items in histories}
pairs = torch.tensor([(user, item) for user in liked for item in sorted(liked[user])])
users, items = nn.Embedding(50, 8), nn.Embedding(90, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for rows in torch.randperm(len(pairs)).split(64):
    user, item = pairs[rows, 0], pairs[rows, 1]
    other = torch.randint(0, 90, item.shape)
    for k, one in enumerate(user.tolist()):
        while int(other[k]) in liked[one]:
            other[k] = torch.randint(0, 90, ())
    better = (users(user) * items(item)).sum(-1)
    worse = (users(user) * items(other)).sum(-1)
    loss = -F.logsigmoid(better - worse).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import random_items as ranked
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_SMALL = 1000  # items; of many more, a random one is hardly ever a positive one
_LOOKED = frozenset(["isin", "in1d", "setdiff1d", "difference", "intersection", "searchsorted", "intersect1d"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for up, down, _ in ranked.pairs(back.recv) if back.recv is not None else ():
            draws = [d for i in ranked.inputs(down) if (d := ranked.drawn_from(i)) is not None]
            if len(draws) != 1 or ranked.from_drawn(up) or id(draws[0].node) in seen:
                continue
            draw = draws[0]
            count = _catalogue(down, draw)
            chosen = [s for i in ranked.inputs(up) for s in ancestors(i, limit=400) if s.name in ("set", "frozenset")]
            if count is None or count > _SMALL or not any(_of_each(p, s) for s in chosen) or _looked_at(p, draw):
                continue
            seen.add(id(draw.node))
            yield p.report(
                "SB839",
                draw,
                f"the negative items are drawn from all {count} items and never compared with the user's own: some "
                "are positive items (false negatives)",
                why="the loss pushes down items that the user has interacted with, and the catalogue is small enough "
                "for that to happen often",
                fix="Exclude the user's positives: draw again while the sampled negative is in the user's set",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _catalogue(score: Val, draw: Val) -> int | None:
    """The size of the table of items, where the draw is from all of it."""
    bounds = [a.const for a in (*draw.args, *draw.kwargs.values()) if a.kind == "const" and isinstance(a.const, int)]
    for val in ancestors(score, limit=200):
        if val.name == "Embedding" and val.kind == "tensor" and val.args and ranked.drawn_from(val.args[0]) is draw:
            size = val.owner.number(0, "num_embeddings") if isinstance(val.owner, Val) else None
            if isinstance(size, int) and bounds and max(bounds[:2]) == size and min(bounds[:2]) in (0, size):
                return size
    return None


def _of_each(p: Program, made: Val) -> bool:
    """Whether a set is made anew for each user: in a loop or in the value of a comprehension."""
    places = (ast.DictComp, ast.ListComp, ast.For)
    return made.src is p.source and any(
        made.node in syntax.walk(n.value if isinstance(n, ast.DictComp) else n) for n in p.nodes(*places)
    )


def _looked_at(p: Program, draw: Val) -> bool:
    """Whether the draws are used for anything but as places in tables: a test, a mask, or something unknown."""
    chain, stack = {id(draw)}, [draw]
    while stack:
        one = stack.pop()
        for user in p.users(one):
            through = user.name in ranked.THROUGH or user.kind in ("list", "tuple", "iter", "phi")
            cut = user.name in ("getitem", "element", "part") and user.args and user.args[0] is one
            if user.name == "Embedding" or user.name in ("size", "shape", "len"):
                continue
            if not (through or cut):
                return True
            if id(user) not in chain:
                chain.add(id(user))
                stack.append(user)
    if any(e.recv is not None and id(e.recv) in chain for e in p.all("setitem", "inplace")):
        return True
    bodies = [e.funcs[-1].node for e in p.all("call") if e.node is draw.node and e.funcs]
    tests = (ast.In, ast.NotIn)
    return any(
        (isinstance(n, ast.Compare) and isinstance(n.ops[0], tests))
        or isinstance(n, ast.While)
        or (isinstance(n, ast.Call) and syntax.text(n.func).rsplit(".", 1)[-1] in _LOOKED)
        for body in bodies
        for n in syntax.walk(body)
    )
