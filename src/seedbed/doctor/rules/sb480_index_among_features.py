"""The old row number becomes a feature.

## What it does

Finds tables that are sorted, filtered or sampled and then `reset_index()` without `drop=True`, where all columns but
the target are features.

## Why is this bad

`reset_index()` adds a column `index` with the old row number. It often tells the target (files are sorted), and it is
never there for new data.

## Example

```python
import pandas as pd
table = pd.read_csv("data.csv")
table = table.sample(frac=1).reset_index()
x = torch.tensor(table.drop(columns=["label"]).values).float()
```

## Use instead

```python
import pandas as pd
table = pd.read_csv("data.csv")
table = table.sample(frac=1).reset_index(drop=True)
x = torch.tensor(table.drop(columns=["label"]).values).float()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_ROWS = frozenset(["sample", "sort_values", "dropna", "drop_duplicates", "query", "concat", "head", "tail", "iloc"])
_NEW = frozenset(["groupby", "agg", "pivot", "pivot_table", "value_counts", "set_index", "resample", "melt", "rename"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if "pandas" not in p.source.text or "'index'" in p.source.text or '"index"' in p.source.text:
        return
    for node in q.nodes(p, ast.Assign):
        call = node.value
        if (
            not isinstance(call, ast.Call)
            or not isinstance(call.func, ast.Attribute)
            or call.func.attr != "reset_index"
        ):
            continue
        if call.args or any(k.arg in ("drop", "names", "level") for k in call.keywords):
            continue
        steps = {n.attr for n in syntax.walk(call.func.value) if isinstance(n, ast.Attribute)}
        chosen = isinstance(call.func.value, ast.Subscript) and isinstance(call.func.value.slice, ast.Compare)
        name = syntax.text(node.targets[0])
        if not (steps & _ROWS or chosen) or steps & _NEW or not _all_columns(p, name):
            continue
        yield p.report(
            "SB480",
            node and (node, p.source),
            f"reset_index() without drop=True puts the old row number among the features of {name} (column 'index')",
            why="the row number tells where a row stood, often its class, and means nothing for new data (a leak)",
            fix="Use reset_index(drop=True)",
        )


def _all_columns(p: Program, name: str) -> bool:
    """Whether every column but a few is taken from the table."""
    for node in q.nodes(p, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "drop" and syntax.text(node.func.value) == name:
            return True
    for comp in q.nodes(p, ast.ListComp):
        over = syntax.text(comp.generators[0].iter)
        if over in (name, f"{name}.columns") and comp.generators[0].ifs:
            return True
    return False
