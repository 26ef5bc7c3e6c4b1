"""A ranking loss raises the score of the random item above the observed one.

## What it does

Finds `-logsigmoid(a - b)` and its like where `a` is the score of an item that is drawn at random on the spot and `b`
the score of the item from the data. Also losses whose two arguments are given in each other's place.

## Why is this bad

The drawn item is the negative. The model learns to rank what nobody chose above what was chosen.

## Example

```python
users, items = nn.Embedding(50, 8), nn.Embedding(90, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for user, item in loader:
    other = torch.randint(0, 90, item.shape)
    liked = (users(user) * items(item)).sum(-1)
    unseen = (users(user) * items(other)).sum(-1)
    loss = -F.logsigmoid(unseen - liked).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
users, items = nn.Embedding(50, 8), nn.Embedding(90, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for user, item in loader:
    other = torch.randint(0, 90, item.shape)
    liked = (users(user) * items(item)).sum(-1)
    unseen = (users(user) * items(other)).sum(-1)
    loss = -F.logsigmoid(liked - unseen).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_DRAWS = frozenset(
    ["randint", "choice", "multinomial", "integers", "np_randint", "np_choice", "randint_like", "randrange", "choices"]
)
_THROUGH = (TRANSPARENT - {"getitem", "cat", "stack"}) | {"batch", "int_builtin", "tensor", "as_tensor", "from_numpy"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for up, down, val in _pairs(back.recv) if back.recv is not None else ():
            if id(val.node) in seen or not _from_drawn(up) or _from_drawn(down) or not _from_data(down):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB883",
                _call(p, up, down) or val,
                f"positive and negative scores are swapped: the loss raises {up.var or 'the score'} of the randomly "
                f"drawn (negative) item above {down.var or 'that'} of the observed (positive) one",
                why="the model learns to rank what was drawn at random above what was chosen",
                fix="Exchange the two scores: the observed item comes first",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _pairs(loss: Val) -> Iterator[tuple[Val, Val, Val]]:
    """The scores that a ranking loss raises and lowers, and the difference of both."""
    for one in ancestors(loss, limit=60):
        gap = _difference(one.args[0]) if one.name in ("clamp", "clamp_min") and one.args and one.grad else None
        if gap is not None and loss.name != "neg":
            yield gap[1], gap[0], gap[2]
    for sign, term in training.signed_terms(loss):
        one = term
        while one.name in ("log", "clamp", "add") and one.args and one.name != "sub":
            inner = [a for a in one.args if a.grad]
            if len(inner) != 1:
                break
            one = inner[0]
        if (
            one.name == "loss"
            and one.tags & {"MarginRankingLoss"}
            and len(one.args) > 2
            and one.args[2].const in (1, -1)
        ):
            pair = one.args[:2] if one.args[2].const == 1 else one.args[1::-1]
            yield pair[0], pair[1], one
            continue
        rises = one.name in ("logsigmoid", "sigmoid", "softplus", "relu", "exp", "LogSigmoid", "Softplus", "ReLU")
        gap = _difference(one.args[0]) if rises and one.args else None
        if gap is not None:
            up, down, val = gap
            yield (up, down, val) if sign < 0 else (down, up, val)


def _difference(val: Val) -> tuple[Val, Val, Val] | None:
    """``a - b``, perhaps with a margin or a factor: what grows with it, what it falls with, and the value."""
    plus: list[Val] = []
    minus: list[Val] = []
    stack, whole = [(1, val)], val
    while stack:
        sign, one = stack.pop()
        if one.name == "sub" and len(one.args) == 2:
            stack += [(sign, one.args[0]), (-sign, one.args[1])]
            whole = one
        elif one.name == "add" and len(one.args) == 2:
            stack += [(sign, a) for a in one.args]
        elif one.name == "neg" and one.args:
            stack.append((-sign, one.args[0]))
        elif one.grad:
            (plus if sign > 0 else minus).append(one)
    return (plus[0], minus[0], whole) if len(plus) == 1 and len(minus) == 1 else None


def _from_drawn(val: Val) -> bool:
    """Whether a table of items is read at places that were drawn at random on the spot."""
    return any(_drawn(i) for i in _inputs(val))


def _from_data(val: Val) -> bool:
    """Whether every table is read at places that the data give."""
    found = _inputs(val)
    return bool(found) and all(
        any(a.name in ("batch", "getitem", "element") for a in ancestors(i, limit=6)) for i in found
    )


def _inputs(val: Val) -> list[Val]:
    """What the embeddings under a score are asked for."""
    return [v.args[0] for v in ancestors(val, limit=200) if v.name == "Embedding" and v.kind == "tensor" and v.args]


def _drawn(val: Val) -> bool:
    one = val
    for _ in range(12):
        if one.name in _DRAWS:
            return True
        if one.name not in _THROUGH or not one.args:
            return False
        one = one.args[0]
    return False


def _call(p: Program, up: Val, down: Val) -> Event | None:
    """The call of the loss that was given both scores."""
    for event in p.once("invoke"):
        given = list(event.args)
        if any(q.same(a, up) for a in given) and any(q.same(a, down) for a in given):
            return event
    return None
