"""Only the last term of the loss is trained.

## What it does

Finds a loss that a loop over heads, scales or terms sets anew in each round, with backward() after the loop.

## Why is this bad

Each round throws the term before away. Only the last head gets a gradient.

## Example

```python
heads = nn.ModuleList([nn.Linear(4, 2) for _ in range(3)])
optimizer = torch.optim.SGD(heads.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    for head in heads:
        loss = F.cross_entropy(head(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
heads = nn.ModuleList([nn.Linear(4, 2) for _ in range(3)])
optimizer = torch.optim.SGD(heads.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = 0.0
    for head in heads:
        loss = loss + F.cross_entropy(head(x), y)
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
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import LoopRun, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        loss = back.recv
        if loss is None:
            continue
        for name, val, event in p.assigns:
            if not val.grad or id(event.node) in seen:
                continue
            inner = event.loops[len(back.loops)] if len(event.loops) == len(back.loops) + 1 else None
            if (
                inner is None
                or event.loops[: len(back.loops)] != back.loops
                or not (any(val is o for o in loss.options()) or _summed(p, loss, val, inner, name))
            ):
                continue
            if rounds.is_loader_loop(inner) or event.conds_in(inner):
                continue
            if (
                (_counts(inner) and not _zeroed(p, inner, name))
                or not _anew(p, inner, name)
                or event.funcs[: len(back.funcs)] != back.funcs
            ):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB178",
                event,
                f"{name} is set anew in every round of the loop at line {inner.line}, backward() comes after: only the "
                "last term is trained",
                why="every round throws away the loss of the round before, so the other heads or terms get no gradient",
                fix=f"Sum them: {name} = 0.0 before the loop, {name} = {name} + ... in it",
                related=((str(back.src.path), back.line, "backward()"), q.place(loss)),
            )


def _is_zero(node: ast.expr) -> bool:
    """``0``, ``0.0``, ``torch.tensor(0.0)`` or ``torch.zeros(...)``."""
    if isinstance(node, ast.Call):
        name = syntax.text(node.func).rsplit(".", 1)[-1]
        return name in ("zeros", "new_zeros", "zeros_like") or (
            name == "tensor" and bool(node.args) and _is_zero(node.args[0])
        )
    return isinstance(node, ast.Constant) and node.value in (0, 0.0) and node.value is not False


def _summed(p: Program, loss: Val, val: Val, inner: LoopRun, name: str) -> bool:
    """Whether a value is one term of the loss, and was meant as a sum: its name starts at zero."""
    if not _zeroed(p, inner, name):
        return False
    own, terms = [t for _, t in f.summands(val)], {id(t) for _, t in f.summands(loss)}
    return bool(own) and all(id(t) in terms for t in own)


def _zeroed(p: Program, loop: LoopRun, name: str) -> bool:
    """Whether the name is set to zero just before the loop: a sum was meant."""
    zeros: list[tuple[str, int]] = q.in_file(p, "SB178", lambda: list(_zeros(p)))
    return any(one == name and 0 < loop.line - line < 6 for one, line in zeros)


def _zeros(p: Program) -> Iterator[tuple[str, int]]:
    """Names that are set to zero, alone or with others: ``z, total = x, 0.0``; and where."""
    for node in q.nodes(p, ast.Assign):
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            yield from ((t.id, node.lineno) for t, v in pairs if isinstance(t, ast.Name) and _is_zero(v))


def _anew(p: Program, loop: LoopRun, name: str) -> bool:
    """Whether the loop's body writes the name without reading it anywhere."""
    if not isinstance(loop.node, ast.For) or not (_elements(loop) or _zeroed(p, loop, name)):
        return False
    return not any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
        for s in loop.node.body
        for n in syntax.walk(s)
    ) and not any(isinstance(n, ast.AugAssign) for s in loop.node.body for n in syntax.walk(s))


def _elements(loop: LoopRun) -> bool:
    """Whether a loop goes over outputs, heads or terms, not over steps of time or of an inner optimisation."""
    over = rounds.base_of_loop(loop)
    return over is not None and over.name != "range"


def _counts(loop: LoopRun) -> bool:
    """Whether a loop counts epochs or steps."""
    target = getattr(loop.node, "target", None)
    names = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    return bool(names & {"epoch", "ep", "step", "it", "iteration", "t"})
