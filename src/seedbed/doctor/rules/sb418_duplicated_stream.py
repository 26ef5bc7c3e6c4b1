"""Every worker reads the whole stream: samples are repeated.

## What it does

Finds an `IterableDataset` that every worker reads from the start.

## Why is this bad

With n workers every sample comes n times per epoch.

## Example

```python
from torch.utils.data import DataLoader, IterableDataset
class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        for i in range(self.n):
            yield torch.tensor(i)
loader = DataLoader(Stream(100), batch_size=10, num_workers=4)
```

## Use instead

```python
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        info = get_worker_info()
        for i in range(info.id if info else 0, self.n, info.num_workers if info else 1):
            yield torch.tensor(i)
loader = DataLoader(Stream(100), batch_size=10, num_workers=4)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries, syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("loader"):
        made = event.result
        if made is None or made.kind != "loader" or not made.args or "iterable" not in made.args[0].tags:
            continue
        workers = made.kwargs.get("num_workers")
        if workers is None or (workers.kind == "const" and workers.const in (0, 1)) or "worker_init_fn" in made.kwargs:
            continue
        cls = made.args[0].owner
        if any(
            "worker" in syntax.text(n).lower()
            for c in cls.lineage()
            for n in syntax.walk(c.node)
            if isinstance(n, (ast.Attribute, ast.Name))
        ):
            continue
        method = cls.method("__iter__")
        if method is not None and (_draws(cls, method.node) or _made_elsewhere(cls, method.node)):
            continue
        yield p.report(
            "SB418",
            (method.node, method.src) if method is not None else event,
            "every worker reads the whole IterableDataset: with num_workers > 0 each sample comes several times",
            why="__iter__ does not look at get_worker_info(), so each worker yields all samples",
            fix="Split the stream by torch.utils.data.get_worker_info() in __iter__",
            related=((str(method.src.path), method.node.lineno, "__iter__"),) if method is not None else (),
        )


_READS = ("open", "map", "zip", "iter", "next", "range", "enumerate", "islice")


def _made_elsewhere(cls: Any, node: ast.AST) -> bool:
    """Whether no part of a stream goes through something that is the same for all: others make it, as a game does."""
    bodies = _bodies(cls, node)
    own = {name for name in _called(node) if cls.method(name)}
    nodes = [n for body in bodies for part in getattr(body, "body", ()) for n in syntax.walk(part)]
    built = {n.target.id for n in nodes if isinstance(n, ast.For) and isinstance(n.target, ast.Name)}
    for n in nodes:
        if isinstance(n, (ast.For, ast.comprehension)):
            over: ast.AST | None = n.iter
        elif isinstance(n, (ast.YieldFrom, ast.Return)):
            over = n.value
        elif isinstance(n, ast.Call) and syntax.text(n.func).rsplit(".", 1)[-1] in _READS:
            return False
        elif isinstance(n, ast.Subscript) or (isinstance(n, ast.AugAssign) and isinstance(n.value, ast.Constant)):
            return False  # a row of something, a count
        elif isinstance(n, ast.While) and not isinstance(n.test, ast.Constant):
            return False
        else:
            continue
        if isinstance(over, ast.Name) and over.id in built:
            continue  # what such a loop has got
        called = over.func if isinstance(over, ast.Call) else None
        if not (isinstance(called, ast.Attribute) and called.attr in own and syntax.text(called.value) == "self"):
            return False
    return True


def _called(node: ast.AST) -> set[str]:
    """Names of the methods that something calls."""
    return {n.func.attr for n in syntax.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}


def _bodies(cls: Any, node: ast.AST) -> list[ast.AST]:
    """A method and the others of its class that it calls."""
    return [node, *(m.node for name in _called(node) - {"__iter__"} if (m := cls.method(name)) is not None)]


_SEEDS = frozenset(["manual_seed", "default_rng", "Random", "RandomState", "seed"])


def _draws(cls: Any, node: ast.AST) -> bool:
    """Whether a stream makes up its samples from random numbers, and does not go through something stored."""
    bodies = _bodies(cls, node)
    nodes = [n for body in bodies for n in syntax.walk(body)]
    if any(isinstance(n, ast.Call) and syntax.text(n.func) in ("open", "map", "zip", "iter") for n in nodes):
        return False
    if any(isinstance(n, ast.Call) and n.args and syntax.text(n.func).rsplit(".", 1)[-1] in _SEEDS for n in nodes):
        return False  # the same numbers in each worker
    overs = [n.iter for n in nodes if isinstance(n, (ast.For, ast.comprehension))]
    overs += [n.value for n in nodes if isinstance(n, ast.YieldFrom)]
    stored = [o for o in overs if "self." in syntax.text(o) and not syntax.text(o).startswith("range(")]
    return not stored and any(data_queries.draws_random(b) for b in bodies)
