"""A prefix without its end selects more layers than it names.

## What it does

Finds parameters that are chosen by a prefix that ends in a layer number, without the dot after it.

## Why is this bad

"blocks.1" is also the start of "blocks.10" and "blocks.11": more layers are frozen (or loaded) than was meant.

## Example

```python
blocks = nn.ModuleList([nn.Linear(8, 8) for _ in range(12)])
for name, p in blocks.named_parameters(prefix="blocks"):
    if name.startswith(tuple(f"blocks.{i}" for i in range(3))):
        p.requires_grad_(False)
```

## Use instead

```python
blocks = nn.ModuleList([nn.Linear(8, 8) for _ in range(12)])
for name, p in blocks.named_parameters(prefix="blocks"):
    if name.startswith(tuple(f"blocks.{i}." for i in range(3))):
        p.requires_grad_(False)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(
        e.name == ".named_parameters" or e.name == ".state_dict" for e in p.calls("named_parameters", "state_dict")
    ):
        return
    seen: set[int] = set()
    for wanted, event in _prefixes(p):
        for place, src, shown in _open(wanted):
            if id(place) in seen or not _many(p):
                continue
            seen.add(id(place))
            yield p.report(
                "SB530",
                (place, src or event.src),
                f"the prefix {shown} selects more parameters than it names: {shown.replace('{i}', '1')} is also the "
                "start of layers 10, 11, ...",
                why="names are compared letter by letter, so blocks with two digits are frozen (or chosen) as well",
                fix=f"End the prefix with a dot: {shown}.",
                related=((str(event.src.path), event.line, "the names are compared here"),),
            )


def _prefixes(p: Program) -> Iterator[tuple[Val, Event]]:
    """Values that names of parameters are compared with: ``startswith(x)`` and ``x in name``."""
    for event in p.calls("startswith"):
        if event.name == ".startswith" and event.args and _is_name(event.recv):
            yield event.args[0], event
    for event in p.all("compare"):
        if event.name == "In" and len(event.args) == 2 and _is_name(event.args[1]):
            yield event.args[0], event


def _is_name(val: Val | None) -> bool:
    """Whether a text can be the name of a parameter."""
    return val is not None and val.kind in ("unknown", "phi", "tensor") and val.shape is None


def _open(val: Val) -> Iterator[tuple[Any, Source | None, str]]:
    """Format strings in a value that end in a running number after a dot."""
    for one in ancestors(val, limit=80):
        if isinstance(one.node, ast.JoinedStr) and one.name == "fstring" and len(one.node.values) > 1:
            last, before = one.node.values[-1], one.node.values[-2]
            text = before.value if isinstance(before, ast.Constant) else ""
            if isinstance(last, ast.FormattedValue) and re.search(r"[A-Za-z]\.$", str(text)):
                yield one.node, one.src, re.sub(r"\{[^}]*\}$", "{i}", syntax.text(one.node)[2:-1])


def _many(p: Program) -> bool:
    """Whether there can be more than ten layers: no list of layers is known to be shorter."""
    sizes = []
    for node in q.nodes(p, ast.ListComp, ast.GeneratorExp):
        made = syntax.text(node.elt)
        if not re.match(r"[\w.]*[A-Z]\w*\(", made):
            continue
        sizes += [_count(p, node)]
    return not sizes or any(s is None or s > 10 for s in sizes)


def _count(p: Program, node: Any) -> int | None:
    for event in p.all("comprehension"):
        if event.node is node and event.recv is not None and event.recv.name == "range" and len(event.recv.args) == 1:
            count = event.recv.args[0].const
            return count if isinstance(count, int) else None
    return None
