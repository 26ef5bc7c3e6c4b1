"""hash() of a text differs from run to run.

## What it does

Finds `hash(text)` used for a split, a bucket or a seed.

## Why is this bad

Python salts the hash of strings in every process. A split by `hash(name)` puts other samples into the test set in every
run, and a resumed run trains on what it is measured on.

## Example

```python
names = ["a", "b", "c"]
part = torch.tensor([hash(n) % 10 for n in names])
```

## Use instead

```python
import zlib
names = ["a", "b", "c"]
part = torch.tensor([zlib.crc32(n.encode()) % 10 for n in names])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_SEEDS = ("manual_seed", "seed", "default_rng", "RandomState", "Random")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.source.mentions("hash") or "PYTHONHASHSEED" in p.source.text:
        return
    spots = [n.left for n in q.nodes(p, ast.BinOp) if isinstance(n.op, ast.Mod)]
    spots += [a for n in q.nodes(p, ast.Call) if syntax.text(n.func).rsplit(".", 1)[-1] in _SEEDS for a in n.args]
    for spot in spots:
        for node in syntax.walk(spot):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash"):
                continue
            if node.args and not isinstance(node.args[0], (ast.Constant, ast.BinOp)):
                yield p.report(
                    "SB153",
                    (node, p.source),
                    "hash() of a text is salted: it differs from run to run (PYTHONHASHSEED)",
                    why="a split, bucket or seed made from it is another one in every process, so samples change sides",
                    fix="Use a stable hash: zlib.crc32(text.encode()), or hashlib",
                )
                break
