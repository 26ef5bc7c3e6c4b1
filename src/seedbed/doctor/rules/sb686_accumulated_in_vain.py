"""A term is summed up over the layers and never used.

## What it does

Finds values with a gradient that are added up in a loop (`log_det = log_det + d`, `aux += loss`) and read nowhere else.

## Why is this bad

The sum was meant for the loss: the log determinant of a flow, the penalties of a router. Without it another thing is
trained.

## Example

```python
flows = nn.ModuleList([nn.Linear(2, 4) for _ in range(3)])
opt = torch.optim.Adam(flows.parameters())
for _ in range(10):
    z, log_det = torch.randn(64, 2), 0
    for flow in flows:
        s, t = flow(z).chunk(2, dim=1)
        z, log_det = z * s.exp() + t, log_det + s.sum(1)
    loss = z.pow(2).sum(1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
flows = nn.ModuleList([nn.Linear(2, 4) for _ in range(3)])
opt = torch.optim.Adam(flows.parameters())
for _ in range(10):
    z, log_det = torch.randn(64, 2), 0
    for flow in flows:
        s, t = flow(z).chunk(2, dim=1)
        z, log_det = z * s.exp() + t, log_det + s.sum(1)
    loss = (z.pow(2).sum(1) - log_det).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    backs = p.all("backward")
    if not p.complete or not backs:
        return
    yield from _returned(p, backs)
    own, read = _reads(p)
    grown: dict[str, tuple[Val, Event]] = {}
    for name, val, event in p.assigns:
        if name in own and name not in read and val.kind == "tensor" and val.grad and val.name == "add":
            grown.setdefault(name, (val, event))
    for name, (val, event) in grown.items():
        if p.trained(val) or not event.loops or name.startswith("_"):
            continue
        if not any(b.funcs == event.funcs[: len(b.funcs)] or event.funcs == b.funcs for b in backs):
            continue
        yield p.report(
            "SB686",
            event,
            f"{name} is summed up with a gradient but never used: it is missing in the loss",
            why="what backward() gets does not depend on it (a log determinant, an auxiliary loss)",
            fix=f"Add {name} to the loss (a log determinant is subtracted), or delete it",
        )


_TERMS = frozenset([
    "aux", "auxiliary", "bal", "balance", "balancing", "penalty", "penalties", "reg", "regularizer", "regularization",
    "kl", "kld", "logdet", "ldj", "det", "jacobian", "commit", "commitment", "ortho", "loss", "losses", "sparsity",
])  # fmt: skip


def _returned(p: Program, backs: list[Event]) -> Iterator[Finding]:
    """A term that a model sums over its layers and gives back beside its output, which no loss takes."""
    sums: dict[int, list[tuple[str, Val, Event]]] = {}
    for name, val, event in p.assigns:
        if (
            val.name == "add"
            and val.kind == "tensor"
            and len(val.args) == 2
            and event.depth
            and isinstance(event.node, ast.Name)
        ):
            sums.setdefault(id(event.node), []).append((name, val, event))
    for found in sums.values():
        name, val, event = found[0]
        first, term = val.args
        if not set(words(name)) & _TERMS or not val.grad or first.grad or not term.grad:
            continue
        if not any(_within(event, b) for b in backs):
            continue
        used = any(p.trained(v) or p.trained(v.args[-1]) for _, v, _ in found)
        behind = [v for v in ancestors(term, limit=200) if v.owner is not None and v.grad]
        if not used and any(p.trained(v) for v in behind):
            yield p.report(
                "SB686",
                event,
                f"{name} is summed over the layers and given back, but no loss takes it: it is not trained",
                why="the output of the same layers is trained, and this term (a penalty, a balance, a log determinant) "
                "only shown or left aside, so nothing holds it down",
                fix=f"Add it to the loss: loss = loss + weight * {name}",
            )


def _within(event: Event, back: Event) -> bool:
    """Whether a sum is worked out in a ``forward()`` of the very round of training that ends in a backward()."""
    outer = len(back.funcs)
    inside = back.funcs == event.funcs[:outer] and all(event.inside(loop) for loop in back.loops)
    deeper = len(event.loops) > len(back.loops)
    return inside and deeper and any(func.name == "forward" for func in event.funcs[outer:])


def _reads(p: Program) -> tuple[set[str], set[str]]:
    """Names that are added to themselves, and names that are read in any other way."""
    own: set[str] = set()
    inner: set[int] = set()
    for node in p.nodes(ast.Assign):
        pairs = [(t, node.value) for t in node.targets]
        if isinstance(node.value, ast.Tuple):
            pairs = [
                q
                for t in node.targets
                if isinstance(t, ast.Tuple) and len(t.elts) == len(node.value.elts)
                for q in zip(t.elts, node.value.elts, strict=True)
            ]
        for target, value in pairs:
            if isinstance(target, ast.Name) and isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
                parts = [n for n in syntax.walk(value) if isinstance(n, ast.Name) and n.id == target.id]
                if parts and any(n is value.left or n is value.right for n in parts):
                    own.add(target.id)
                    inner |= {id(n) for n in parts}
    for grown in p.nodes(ast.AugAssign):
        if isinstance(grown.target, ast.Name) and isinstance(grown.op, ast.Add):
            own.add(grown.target.id)
    read = {n.id for n in p.nodes(ast.Name) if isinstance(n.ctx, ast.Load) and id(n) not in inner}
    read |= {w for n in p.nodes(ast.Global, ast.Nonlocal) for w in n.names}
    return own, read
