"""A graph convolution leaves out the node itself.

## What it does

Finds graph layers that multiply by an adjacency matrix which was normalised without self-loops (the identity), where
nothing else brings in the node's own features.

## Why is this bad

A node then sees its neighbours only. Its own features never enter its update, and a node without edges gets zeros.

## Example

```python
def normalise(adj):
    d = adj.sum(1).clamp(min=1).rsqrt()
    return d[:, None] * adj * d[None, :]

edges = (torch.rand(40, 40) < 0.1).float().triu(1)
adj = normalise(edges + edges.T)
layer = nn.Linear(8, 3)
optimizer = torch.optim.Adam(layer.parameters())
x, y = torch.randn(40, 8), torch.randint(0, 3, (40,))
for epoch in range(10):
    optimizer.zero_grad()
    F.cross_entropy(adj @ layer(x), y).backward()
    optimizer.step()
```

## Use instead

```python
def normalise(adj):
    adj = adj + torch.eye(adj.size(0))
    d = adj.sum(1).clamp(min=1).rsqrt()
    return d[:, None] * adj * d[None, :]

edges = (torch.rand(40, 40) < 0.1).float().triu(1)
adj = normalise(edges + edges.T)
layer = nn.Linear(8, 3)
optimizer = torch.optim.Adam(layer.parameters())
x, y = torch.randn(40, 8), torch.randint(0, 3, (40,))
for epoch in range(10):
    optimizer.zero_grad()
    F.cross_entropy(adj @ layer(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_PRODUCTS = ("matmul", "mm", "spmm", "einsum")
# what a normalisation by degrees is made of
_SCALING = frozenset(
    [
        *("mul", "div", "add", "matmul", "mm", "sum", "pow", "sqrt", "rsqrt", "reciprocal", "clamp", "clamp_min"),
        *("getitem", "unsqueeze", "squeeze", "view", "reshape", "T", "t", "transpose", "contiguous", "detach"),
        *("diag", "diag_embed", "to", "float", "forward", "phi", "nan_to_num", "masked_fill", "where", "to_sparse"),
    ]
)
_KEEPS = frozenset(
    [
        *("clone", "float", "to", "double", "bool", "int", "long", "clamp", "contiguous", "detach", "compare", "gt"),
        *("T", "t", "transpose", "forward"),
    ]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    seen: set[int] = set()
    for product in p.made(*_PRODUCTS):
        if len(product.args) < 2 or product.args[0].grad or not p.trained(product):
            continue
        root = _normalised(product.args[0])
        if root is None or id(root) in seen or not _weighted(p, product) or _own_features(p, product):
            continue
        if _empty_diagonal(p, root) is not True:
            continue
        seen.add(id(root))
        scale = next(v for v in ancestors(product.args[0]) if v.name == "sum" and root in _core(v.args[0]))
        yield p.report(
            "SB552",
            scale,
            "the adjacency matrix is normalised without self-loops (the identity): a node's own features never enter "
            "its update",
            why="the graph convolution averages over the neighbours only; nothing else brings in the node itself",
            fix="Add the identity before the degrees are computed: adj = adj + torch.eye(adj.size(0))",
            related=(q.place(product),),
        )


def _core(val: Val) -> list[Val]:
    """A value behind copies and changes of type."""
    found, stack, count = [], [val], 0
    while stack and count < 20:
        one = stack.pop()
        count += 1
        if one.kind == "phi":
            stack += one.args
        elif one.name in ("clone", "float", "to", "detach", "contiguous", "forward", "double") and one.args:
            stack.append(one.args[0])
        else:
            found.append(one)
    return found


def _normalised(val: Val) -> Val | None:
    """The matrix whose rows are divided by their own sums (or roots of them), where ``val`` is made of nothing else."""
    sums = [v for v in ancestors(val, limit=60) if v.name == "sum" and v.kind == "tensor" and v.args]
    if not sums or not any(v.name in ("rsqrt", "pow", "div", "sqrt", "reciprocal") for v in ancestors(val, limit=60)):
        return None
    roots = {id(c): c for s in sums for c in _core(s.args[0])}
    if len(roots) != 1:
        return None
    root = next(iter(roots.values()))
    stack, plain = [val], False
    seen: set[int] = set()
    while stack and len(seen) < 60:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one is root:
            plain = True
        elif one.kind in ("tensor", "phi") and (one.name in _SCALING or one.name in ("clone", "double")):
            stack += one.args
        elif one.kind not in ("const", "number", "slice", "tuple", "list"):
            return None
    return root if plain and root.kind == "tensor" else None


def _weighted(p: Program, product: Val) -> bool:
    """Whether weights multiply the features before or after: a layer, not a plain propagation."""
    for one in q.chain(product.args[1])[:8]:
        if one.name in ("Linear", "linear"):
            return True
        if one.name in _PRODUCTS and one.args:
            if one.args[0] is product.args[0]:
                return False
            return one.grad
    after = [product]
    for one in after:
        for user in q.users(p, one):
            if user.name in ("Linear", "linear", "matmul", "mm"):
                return True
            if user.name in ("dropout", "forward") and len(after) < 8:
                after.append(user)
    return False


def _own_features(p: Program, product: Val) -> bool:
    """Whether something other than a bias is added or joined to the sum over the neighbours."""
    stack, seen = [product], {id(product)}
    while stack and len(seen) < 40:
        one = stack.pop()
        for user in q.users(p, one):
            if id(user) in seen:
                continue
            seen.add(id(user))
            if user.kind != "tensor" or (user.name in _PRODUCTS and one is product):
                return True  # joined later, or spread over two steps, which reach the node again
            if user.name in ("add", "sub", "cat", "stack", "mul"):
                others = [o for a in user.args if a is not one for o in a.options()]
                if any(o.kind not in ("const", "number") and o.name != "Parameter" for o in others):
                    return True
                stack.append(user)
            elif user.name in ("Linear", "linear", "dropout", "forward", "relu", "elu", "leaky_relu", "tanh"):
                stack.append(user)
    return False


def _empty_diagonal(p: Program, val: Val, depth: int = 0) -> bool | None:
    """Whether a matrix surely has zeros on its diagonal: ``None`` where that is not known."""
    if depth > 12:
        return None
    filled = [e for e in p.all("inplace") if e.name == "fill_diagonal_" and e.recv is not None and val in _core(e.recv)]
    if filled:
        return bool(filled[-1].args) and filled[-1].args[0].const == 0
    one, inner = val.name, val.args[0] if val.args else None
    if val.kind == "phi":
        return True if all(_empty_diagonal(p, a, depth + 1) for a in val.args) else None
    if one in ("triu", "tril"):
        side = val.number(1, "diagonal")
        return True if isinstance(side, int) and (side >= 1 if one == "triu" else side <= -1) else None
    if one == "fill_diagonal_":
        return bool(val.number(1, "fill_value") == 0)
    if one in ("add", "maximum", "or") and len(val.args) == 2:
        return True if all(_empty_diagonal(p, a, depth + 1) for a in val.args) else None
    if one == "mul":
        return True if any(_empty_diagonal(p, a, depth + 1) for a in val.args) else None
    if one == "sub" and len(val.args) == 2:
        return True if val.args[0].const == 1 and val.args[1].name == "eye" else None
    if one == "compare" and not (val.tags & {"Gt", "NotEq"} and len(val.args) > 1 and val.args[1].const == 0):
        return None
    if one == "zeros":
        return _written_off_diagonal(p, val)
    return _empty_diagonal(p, inner, depth + 1) if one in _KEEPS and inner is not None else None


def _written_off_diagonal(p: Program, val: Val) -> bool | None:
    """Whether a matrix of zeros gets its edges by pairs of different indices."""
    keys = [e.args[0] for e in p.all("setitem") if e.recv is val and e.args]
    pairs = [k.items for k in keys if k.items is not None and len(k.items) == 2]
    if not keys or len(pairs) != len(keys) or any(a.kind == "slice" or b.kind == "slice" for a, b in pairs):
        return None
    return True if all(not q.same(a, b) and a.const is None and b.const is None for a, b in pairs) else None
