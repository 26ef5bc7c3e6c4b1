"""A column of zeros and ones is used as an index, where a mask is meant.

## What it does

Finds values of a batch that are indexed with integers 0 and 1 made from a condition of the same batch.

## Why is this bad

Integers are positions: the first two rows are taken again and again. Only a boolean tensor picks the true rows.

## Example

```python
net = nn.Linear(8, 1)
opt = torch.optim.Adam(net.parameters())
x, seen = torch.randn(200, 8), (torch.rand(200) < 0.6).long()
for rows in torch.randperm(200).split(50):
    score = net(x[rows]).squeeze(1)
    loss = -F.logsigmoid(score)[seen[rows]].mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net = nn.Linear(8, 1)
opt = torch.optim.Adam(net.parameters())
x, seen = torch.randn(200, 8), (torch.rand(200) < 0.6).long()
for rows in torch.randperm(200).split(50):
    score = net(x[rows]).squeeze(1)
    loss = -F.logsigmoid(score)[seen[rows].bool()].mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val

_WHOLE = frozenset(["long", "int", "int64", "int32"])
_HANDED_ON = (TRANSPARENT - {"cat", "stack"}) | {"batch", "element", "from_numpy", "astype", "as_tensor"}
_TRUTHS = frozenset(["compare", "bernoulli", "isnan", "invert", "eq", "ne", "gt", "ge", "lt", "le"])
_SAME_ROWS = (TRANSPARENT - {"cat", "stack", "getitem", "T", "t", "permute", "transpose", "expand", "unsqueeze"}) | {
    "add", "sub", "mul", "div", "neg", "exp", "log", "pow", "square", "abs", "sigmoid", "logsigmoid", "softplus",
    "relu", "tanh", "clamp", "cumsum", "logcumsumexp", "flip", "log_softmax", "softmax", "part", "batch",
}  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for val in p.made("getitem"):
        recv, key = val.args[:2] if len(val.args) == 2 else (val, val)
        if key.kind != "tensor" or key.dtype not in ("long", "int") or id(val.node) in seen:
            continue
        if recv.kind != "tensor" or not p.trained(val):
            continue
        made = _truth(key)
        if made is None or not (_as_long(recv, key) or (recv.grad and _rows(recv) & _rows(key))):
            continue
        seen.add(id(val.node))
        name = key.var or "the index"
        yield p.report(
            "SB287",
            val,
            f"{name} holds the integers 0 and 1 and is used as an index: rows 0 and 1 are taken again and again",
            why="only a boolean mask picks the rows of the events that are true; the loss sees two samples",
            fix=f"Use a mask: [{key.var or 'mask'}.bool()]",
            related=(q.place(made),),
        )


def _truth(key: Val) -> Val | None:
    """The condition whose truth an index holds as an integer, picked rows and layout seen through."""
    one, whole = key, False
    for _ in range(30):
        if one.kind == "phi":
            options = list(one.options())
            if len(options) != 1:
                return None
            one = options[0]
        elif one.name in _TRUTHS or one.dtype == "bool":
            return one if whole or key.dtype in ("long", "int") else None
        elif one.name == "randint":
            bounds = [a.const for a in one.args[:2]]
            return one if bounds == [0, 2] or bounds[:1] == [2] else None
        elif one.kind == "tensor" and one.args and (one.name in _WHOLE or one.name in _HANDED_ON):
            whole |= one.name in _WHOLE
            one = one.args[0]
        else:
            return None
    return None


def _rows(val: Val) -> set[object]:
    """The indices by which rows were picked, and the batches that were taken, on a way that keeps the rows."""
    found: set[object] = set()
    stack, seen = [val], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name == "getitem" and one.kind == "tensor" and len(one.args) > 1:
            if one.args[1].kind == "tensor":
                found.add(id(one.args[1]))
            stack.append(one.args[0])
            continue
        if one.name in ("batch", "part") and one.args:
            found.add(id(one.args[0]))
            if one.args[-1].kind == "loader":
                found.add((id(one.args[-1]), *map(id, one.loops)))
        layer = getattr(one.owner, "kind", "") == "module" and one.name not in ("parameter", "Parameter")
        if one.kind == "phi" or (one.kind == "tensor" and (one.name in _SAME_ROWS or layer or one.name in _WHOLE)):
            stack.extend(one.args)
    return found


def _as_long(recv: Val, key: Val) -> bool:
    """Whether there is an index for each of many rows."""
    a, b = recv.shape, key.shape
    return bool(a and b) and a is not None and b is not None and a[0] is not None and a[0] == b[0] and a[0] > 2
