"""A positional encoding is cut by the batch size.

## What it does

Finds tables of positions that are cut (or looked up) with `x.size(0)`, while `x` has its batch in front, and tables
of which one row is picked by the length of `x` and added to all its positions.

## Why is this bad

`x.size(0)` counts samples. Each sample gets its own vector, the same at all its positions: the model does not
know the order in the sequence, and a prediction depends on the place in the batch.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)
        self.register_buffer("pe", torch.randn(512, 1, 16))
        self.enc = nn.TransformerEncoderLayer(16, 4, batch_first=True)

    def forward(self, ids):
        x = self.emb(ids)
        return self.enc(x + self.pe[: x.size(0)])

net = Net()
net(torch.randint(0, 50, (8, 10)))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)
        self.register_buffer("pe", torch.randn(512, 1, 16))
        self.enc = nn.TransformerEncoderLayer(16, 4, batch_first=True)

    def forward(self, ids):
        x = self.emb(ids)
        return self.enc(x + self.pe[: x.size(1)].transpose(0, 1))

net = Net()
net(torch.randint(0, 50, (8, 10)))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax, tokens
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("add"):
        if val.kind != "tensor" or len(val.args) != 2:
            continue
        for data, table in (val.args, val.args[::-1]):
            cut = _cut_by_batch(table)
            if cut is None or id(cut.node) in seen or not _batch_first(p, data, val):
                continue
            if any(v.name in ("transpose", "permute", "t") for v in q.chain(data)[:6]):
                continue
            seen.add(id(cut.node))
            yield p.report(
                "SB543",
                cut,
                "the positional encoding is cut with size(0), the batch size: it varies by sample, not by position",
                why="the batch comes first (batch_first), so every position of a sequence gets the same vector",
                fix="Cut it by the length of the sequence: pe[:, : x.size(1)] with a table of shape (1, max_len, d)",
            )
    for node, src in _single_rows(p):
        yield p.report(
            "SB543",
            (node, src),
            f"{syntax.text(node)} picks one row of the table of positions, and broadcasting adds it to every step",
            why="all positions get the same encoding, so the model does not know the order of the sequence",
            fix="Cut the first rows with a slice: pe[:, : x.size(1)]",
        )


def _single_rows(p: Program) -> Iterator[tuple[ast.Subscript, Source]]:
    """``x + pe[:, x.size(1)]``: one row of a table of positions where the first rows are meant."""
    for event in p.once("getitem"):
        node = event.node
        if event.recv is None or not isinstance(node, ast.Subscript) or not _is_table(event.recv, node.value):
            continue
        keys = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        home = event.funcs[-1].node if event.funcs else event.src.tree
        owners = [_sized(k, home) for k in keys if not isinstance(k, ast.Slice)]
        if len(owners) == 1 and owners[0] and _is_added(home, node, owners[0]):
            yield node, event.src


def _is_table(base: Val, node: ast.expr) -> bool:
    """Whether a tensor holds a vector for each position: sines and cosines, or a table that says so."""
    made = {v.name for v in ancestors(base, limit=60)}
    kept = bool(base.tags & {"buffer"}) or base.name in ("Parameter", "parameter", "weight")
    said = {w for part in syntax.text(node).split(".") for w in words(part)}
    return {"sin", "cos"} <= made or (kept and bool(said & {"pe", "pos", "position", "positions", "positional"}))


def _sized(key: ast.expr, home: ast.AST) -> str:
    """The name of the tensor whose length an index is, ``""`` for any other index."""
    if isinstance(key, ast.Name):
        for n in syntax.walk(home):
            if isinstance(n, ast.Assign) and len(n.targets) == 1:
                whole = n.targets[0]
                if isinstance(whole, ast.Name) and whole.id == key.id:
                    return _sized(n.value, home) if not isinstance(n.value, ast.Name) else ""
                if isinstance(whole, ast.Tuple) and key.id in [getattr(e, "id", "") for e in whole.elts]:
                    text = syntax.text(n.value)
                    return text.removesuffix(".shape").removesuffix(".size()") if "(" not in text[:-2] else ""
        return ""
    text = syntax.text(key)
    for sign in (".size(", ".shape["):
        owner, found, rest = text.partition(sign)
        if found and owner.isidentifier() and rest[:-1].lstrip("-").isdigit():
            return owner
    return ""


def _is_added(home: ast.AST, row: ast.Subscript, owner: str) -> bool:
    """Whether a row is added to the very sequence (or what is made of it) whose length picked it."""
    sums = [n for n in syntax.walk(home) if isinstance(n, ast.BinOp | ast.AugAssign) and isinstance(n.op, ast.Add)]
    made = {
        t.id: n.value
        for n in syntax.walk(home)
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(t := n.targets[0], ast.Name)
    }
    held = {name for name, value in made.items() if _layout_of(value, row)}
    for n in sums:
        sides = (n.left, n.right) if isinstance(n, ast.BinOp) else (n.target, n.value)
        for one, other in (sides, sides[::-1]):
            if not _layout_of(one, row) and getattr(one, "id", "") not in held:
                continue
            parts = [other, *(made[m.id] for m in syntax.walk(other) if isinstance(m, ast.Name) and m.id in made)]
            named = any(isinstance(m, ast.Name) and m.id == owner for part in parts for m in syntax.walk(part))
            picked = [m for part in parts for m in syntax.walk(part) if isinstance(m, ast.Subscript)]
            last = any("-1" in syntax.text(m.slice) for m in picked)  # one step of a generation
            if named and not last:
                return True
    return False


def _layout_of(node: ast.expr, row: ast.Subscript) -> bool:
    """Whether an expression is a row, moved or with another axis."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return node is row


def _cut_by_batch(table: Val) -> Val | None:
    """The slice of a table (or the lookup of positions) whose length is ``x.size(0)``."""
    for one in q.chain(table)[:8]:
        if one.name == "getitem" and len(one.args) > 1 and not _from_data(one.args[0]):
            key = one.args[1].items[0] if one.args[1].items else one.args[1]
            if key.kind == "slice" and len(key.args) > 1 and _is_batch_size(key.args[1]):
                return one
        if one.name == "Embedding" and one.args:
            for made in ancestors(one.args[0], limit=12):
                if made.name == "arange" and made.args and _is_batch_size(made.args[-1]):
                    return made
    return None


def _from_data(val: Val) -> bool:
    return val.owner is not None or any(v.name in ("batch", "Embedding", "forward") for v in q.chain(val)[:6])


def _is_batch_size(size: Val) -> bool:
    """Whether a size was read from axis 0 of a tensor with several axes."""
    found = tokens.axis_read(size)
    return found is not None and found[1] == 0


def _takes_time_first(event: Event, total: Val) -> bool:
    """Whether the sum goes into a transformer or a recurrent layer that reads time along axis 0."""
    layer = event.recv
    if layer is None or not event.args or not event.name.startswith(("Transformer", "LSTM", "GRU", "RNN")):
        return False
    inner = layer.args[0] if layer.args and layer.args[0].kind == "module" else layer
    flag = next((m.kwargs["batch_first"] for m in (layer, inner) if "batch_first" in m.kwargs), None)
    named = layer.owner is None and "**" not in {**layer.kwargs, **inner.kwargs} and len(inner.args) < 5
    return named and (flag is None or flag.const is False) and any(v is total for v in q.chain(event.args[0])[:8])


def _batch_first(p: Program, data: Val, total: Val) -> bool:
    """Whether a tensor has its batch in front: as it was made, or because what takes it is ``batch_first``."""
    if any(_takes_time_first(e, total) for e in p.all("forward")):
        return False
    if tokens.leading_axis(data) == "batch":
        return True
    for event in p.all("forward"):
        inner = event.recv.args[0] if event.recv is not None and event.recv.args else event.recv
        flag = next((m.kwargs["batch_first"] for m in (event.recv, inner) if m and "batch_first" in m.kwargs), None)
        if flag is not None and flag.const is True and event.args:  # noqa: SIM102
            if any(v is total for v in q.chain(event.args[0])[:8]):
                return True
    found = f.core(total)
    return (
        any(u.name == "mean" and u.number(1, "dim") == 1 and u.args[0] is found for u in q.users(p, found))
        and tokens.leading_axis(data) != "time"
    )
