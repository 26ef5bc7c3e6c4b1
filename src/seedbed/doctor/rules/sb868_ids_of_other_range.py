"""Ids are drawn from the range of another table.

## What it does

Finds random ids (negatives, tokens) that look up rows of one table but are drawn below the size of another: item ids
below the number of users.

## Why is this bad

Rows beyond the wrong bound are never drawn: those items are never negatives, so their scores only rise. With the
bound too large the lookup fails.

## Example

```python
n_users, n_items = 120, 300
users, items = nn.Embedding(n_users, 8), nn.Embedding(n_items, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for u, i in loader:
    j = torch.randint(0, n_users, u.shape)
    gap = (users(u) * (items(i) - items(j))).sum(-1)
    loss = -F.logsigmoid(gap).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
n_users, n_items = 120, 300
users, items = nn.Embedding(n_users, 8), nn.Embedding(n_items, 8)
optimizer = torch.optim.Adam([*users.parameters(), *items.parameters()])
for u, i in loader:
    j = torch.randint(0, n_items, u.shape)
    gap = (users(u) * (items(i) - items(j))).sum(-1)
    loss = -F.logsigmoid(gap).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LAYERS = ("Embedding", "EmbeddingBag")
_BUFFERS = frozenset(["randn", "rand", "zeros", "empty", "ones", "Parameter", "np_randn", "np_zeros", "full"])
_DRAWS = ("randint", "np_randint", "integers", "randrange", "choice", "np_choice")
_MOVES = frozenset(
    ["batch", "element", "getitem", "index", "part", "view", "reshape", "flatten", "to", "long", "int", "tensor", "cpu",
     "cuda", "as_tensor", "from_numpy", "array", "unsqueeze", "squeeze", "expand", "clone", "list", "int_builtin",
     "repeat", "LongTensor", "split", "unbind", "tolist", "item"]
)  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    looked = list(_lookups(p))
    drawn = [(size, b) for _, size, ids in looked for d in _drawn(ids) if (b := _bound(d)) is not None]
    sizes = [size for _, size, _ in looked]
    seen: set[int] = set()
    for table, size, ids in looked:
        for draw in _drawn(ids):
            high = _bound(draw)
            if high is None or id(draw.node) in seen or _one(high, size):
                continue
            other = next((s for s in sizes if _one(s, high)), None) or next(
                (s for s, b in drawn if _equal(s, high) and b.node is high.node), None
            )
            if other is None or _joint(size, high) or _equal(high, size):
                continue
            seen.add(id(draw.node))
            yield p.report(
                "SB868",
                draw,
                f"these ids look up {table}, which has {_said(size)} rows, but they are drawn below {_said(high)}: the "
                "upper bound is the size of another table",
                why="rows beyond that bound are never drawn (never negatives), or the lookup fails",
                fix=f"Draw them below {_said(size)}",
                related=(q.place(size),),
            )


def _lookups(p: Program) -> Iterator[tuple[str, Val, Val]]:
    """The tables that are looked up: their name, their size, and the ids."""
    for event in p.all("forward"):
        table = event.recv
        if table is not None and table.name in _LAYERS and event.args:
            size = table.arg(0, "num_embeddings")
            if size is not None:
                yield table.var or "the table", size, event.args[0]
    for event in p.all("getitem"):
        if event.recv is None or not event.args:
            continue
        keys = event.args[0].items if event.args[0].kind == "tuple" and event.args[0].items else [event.args[0]]
        made = f.core(event.recv)
        if made.name == "Parameter" and made.args:
            made = f.core(made.args[0])
        while made.name in ("mul", "div", "scaled") and made.args:
            made = f.core(made.args[0])
        if made.name not in _BUFFERS or len(made.args) < 2:
            continue
        for size, key in zip(made.args, keys, strict=False):
            if size.kind in ("const", "number", "unknown"):
                yield event.recv.var or "the table", size, key


def _drawn(ids: Val) -> Iterator[Val]:
    """The draws whose numbers the ids are."""
    stack, seen = [ids], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name.rsplit(".", 1)[-1] in _DRAWS:
            yield one
        elif one.kind == "phi":
            stack.extend(one.args)
        elif one.kind in ("list", "tuple") and one.items:
            # of rows with several columns nobody knows which one is read
            stack.extend(i for i in one.items[:6] if i.kind not in ("list", "tuple"))
        elif one.name == "where" and len(one.args) == 3:
            stack.extend(one.args[1:])
        elif one.name == "cat" and one.args and one.arg(1, "dim") is None:  # columns beside each other are not mixed
            stack.extend(one.args[0].items or [])
        elif one.name in _MOVES:
            stack.extend(one.args[:1])


def _bound(draw: Val) -> Val | None:
    """The number below which ids are drawn."""
    given = draw.kwargs.get("high")
    args = [a for a in draw.args if a.name not in ("default_rng", "np_default_rng", "RandomState", "Random")]
    if given is None and args:
        two = len(args) > 1 and args[0].const in (0, 1) and not isinstance(args[0].const, bool)
        numbered = args[1] if two and args[1].kind in ("const", "number", "unknown") else args[0]
        given = numbered if not draw.name.endswith("choice") else args[0]
    return given if given is not None and given.kind in ("const", "number", "unknown") and given.line else None


def _one(a: Val, b: Val) -> bool:
    """Whether two sizes are one and the same thing of the program, not only equal numbers."""
    return a is b or (a.node is not None and a.node is b.node) or (a.kind != "const" and f.same(a, b))


def _joint(size: Val, high: Val) -> bool:
    """Whether a table holds the rows of several: ``Embedding(n_users + n_items, dim)``."""
    if any(_one(v, high) for v in ancestors(size, limit=12)):
        return True
    parts = [size.node.left, size.node.right] if isinstance(size.node, ast.BinOp) else []
    return len(parts) == 2 and not any(isinstance(n, ast.Constant) for n in parts)


def _equal(a: Val, b: Val) -> bool:
    return a.kind == b.kind == "const" and bool(a.const == b.const)


def _said(val: Val) -> str:
    number = str(val.const) if isinstance(val.const, int) else ""
    return f"{val.var} ({number})" if val.var and number else val.var or number or "its number of"
