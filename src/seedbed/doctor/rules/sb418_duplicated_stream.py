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

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
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
        yield p.report(
            "SB418",
            (method.node, method.src) if method is not None else event,
            "every worker reads the whole IterableDataset: with num_workers > 0 each sample comes several times",
            why="__iter__ does not look at get_worker_info(), so each worker yields all samples",
            fix="Split the stream by torch.utils.data.get_worker_info() in __iter__",
            related=((str(method.src.path), method.node.lineno, "__iter__"),) if method is not None else (),
        )
