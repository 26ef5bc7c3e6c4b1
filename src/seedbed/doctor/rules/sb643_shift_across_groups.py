"""A lag is taken over the whole table, across the borders of its groups.

## What it does

Finds `shift`, `diff` or `rolling` on a column of a table that holds several series, without `groupby`.

## Why is this bad

The first rows of each group get the last values of another one: another shop, patient or stock.

## Example

```python
import pandas as pd
df = pd.read_csv("sales.csv").sort_values(["store", "date"])
df["lag"] = df["sales"].shift(1)
```

## Use instead

```python
import pandas as pd
df = pd.read_csv("sales.csv").sort_values(["store", "date"])
df["lag"] = df.groupby("store")["sales"].shift(1)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_MOVES = frozenset(["shift", "diff", "pct_change", "rolling"])
_GROUPS = frozenset(
    ["store", "shop", "user", "customer", "patient", "subject", "stock", "ticker", "symbol", "sensor", "machine"]
) | {"engine", "unit", "device", "player", "product", "item", "sku", "series", "client", "person", "team", "station"}
_TIMES = frozenset(["date", "time", "day", "t", "timestamp", "week", "month", "step", "cycle", "hour", "year", "tick"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.calls(*_MOVES):
        base = event.recv
        if base is None or "pandas" not in base.tags or base.name != "getitem" or id(event.node) in told:
            continue
        key = base.args[1].const if len(base.args) > 1 else None
        behind = lineage.certain(base)
        if not isinstance(key, str) or any(v.name in ("groupby", "apply", "element", "get_group") for v in behind):
            continue
        group = _group(behind)
        if not group or event.loops or _masked(p, event.result, group):
            continue
        if any(f.name == "<lambda>" or f"({f.name}" in p.source.text for f in event.funcs):
            continue  # handed to apply(), which calls it for each group
        told.add(id(event.node))
        yield p.report(
            "SB643",
            event,
            f"{event.name.rsplit('.', 1)[-1]}() runs over the whole table, which holds several series ({group}): the "
            "first rows of each get values of another one",
            why=f"the rows of one {group} follow those of another, and the window does not stop at the border "
            "(a leak between groups)",
            fix=f'Stay within each group: df.groupby("{group}")["{key}"].shift(1)',
        )


def _group(behind: list[Val]) -> str:
    """The column that tells the series of a table apart, where the rows stand series by series; else ``""``."""
    for step in behind:
        if step.name == "sort_values" and step.kind == "tensor":
            by = step.arg(1, "by")
            names = [i.const for i in by.items] if by is not None and by.items else []
            first = names[0] if len(names) > 1 and isinstance(names[0], str) else ""
            if first and set(words(first)) & _GROUPS and set(words(str(names[1]))) & _TIMES:
                return first
            return ""
        if step.name == "concat" and step.args and step.args[0].kind in ("list", "phi"):
            for frame in (i for i in (step.args[0].items or []) if i.name == "DataFrame" and i.args):
                for name, value in frame.args[0].attrs.items():
                    if value.kind == "number" and set(words(name)) & _GROUPS:
                        return name
            return ""
    return ""


def _masked(p: Program, made: Val | None, group: str) -> bool:
    """Whether the borders are taken care of: by a comparison with the group of the row before, or a group count."""
    text = p.source.text
    if made is None or "cumcount" in text or "duplicated" in text:
        return True
    moved = [n for n in p.nodes(ast.Call) if isinstance(n.func, ast.Attribute) and n.func.attr in ("shift", "diff")]
    return any(repr(group) in syntax.text(n.func) and "groupby" not in syntax.text(n.func) for n in moved) or any(
        v.name == "where" for v in ancestors(made, limit=10)
    )
