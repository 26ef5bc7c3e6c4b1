"""A seeded generator is made and never handed to anything that draws.

## What it does

Finds ``torch.Generator().manual_seed(...)`` or ``np.random.default_rng(seed)`` under a name that nobody reads, in a
program that draws or splits without a generator.

## Why is this bad

The split or the noise comes from the global generator, which this seed does not touch: every run gets another one.

## Example

```python
from torch.utils.data import TensorDataset, random_split
x = torch.linspace(-1, 1, 100)[:, None]
rng = torch.Generator().manual_seed(0)
train, val = random_split(TensorDataset(x, x**2), [80, 20])
```

## Use instead

```python
from torch.utils.data import TensorDataset, random_split
x = torch.linspace(-1, 1, 100)[:, None]
rng = torch.Generator().manual_seed(0)
train, val = random_split(TensorDataset(x, x**2), [80, 20], generator=rng)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_DRAWS = ("random_split", "randperm", "randn", "rand", "randint", "normal", "DataLoader", "permutation", "shuffle")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    draws = [e for e in p.calls(*_DRAWS) if e.kwargs.get("generator") is None and (e.recv is None)]
    if not draws:
        return
    made = [n for n in q.nodes(p, ast.Assign) if _seeded(n.value, later=True)]
    if not made:
        return
    reads = [n for n in q.nodes(p, ast.Name) if isinstance(n.ctx, ast.Load)]
    lines = [n.value for n in q.nodes(p, ast.Expr)]  # manual_seed returns the generator: where it is kept, it is used
    seeding = {
        id(n.func.value)
        for n in lines
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "manual_seed"
    }
    for node in made:
        target = node.targets[0]
        if len(node.targets) != 1 or not isinstance(target, ast.Name) or target.id.startswith("_"):
            continue
        used = [n for n in reads if n.id == target.id]
        if not _seeded(node.value, bool(used)) or any(id(n) not in seeding for n in used):
            continue
        exported = any(syntax.text(n) in (f"'{target.id}'", f'"{target.id}"') for n in q.nodes(p, ast.Constant))
        if exported or "global" in {type(n).__name__.lower() for n in q.nodes(p, ast.Global)}:
            continue
        near = next((e for e in draws if e.src is p.source and e.line > node.lineno), None)
        if near is None:
            continue
        yield p.report(
            "SB372",
            (node, p.source),
            f"the seeded generator {target.id} is never used: nothing gets it as generator=",
            why=f"line {near.line} draws from the global random generator, which this seed does not touch",
            fix=f"Pass it: generator={target.id}",
            related=((str(near.src.path), near.line, "drawn without it"),),
        )


def _seeded(value: ast.expr, later: bool) -> bool:
    """Whether a generator with a seed is made; the seed may be set later, by its ``manual_seed``."""
    if not isinstance(value, ast.Call):
        return False
    text = syntax.text(value.func)
    if text.endswith("Generator().manual_seed") or (text.endswith("Generator") and later):
        return True
    return text.endswith(("random.default_rng", "random.RandomState")) and bool(value.args or value.keywords)
