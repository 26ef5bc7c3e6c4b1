"""A value is compared with NaN by == or !=.

## What it does

Finds `==` and `!=` with `float("nan")`, `math.nan`, `np.nan` or `torch.nan`.

## Why is this bad

NaN equals nothing, not even itself: `== nan` is always false and `!= nan` always true. The mask selects
everything (or nothing), and missing targets go into the loss or the metric.

## Example

```python
target = torch.tensor([1.0, float("nan"), 2.0])
known = target != float("nan")
mean = target[known].mean()
```

## Use instead

```python
target = torch.tensor([1.0, float("nan"), 2.0])
known = ~torch.isnan(target)
mean = target[known].mean()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.Compare):
        for op, left, right in zip(node.ops, [node.left, *node.comparators], node.comparators, strict=False):
            if isinstance(op, (ast.Eq, ast.NotEq)) and (_is_nan(left) or _is_nan(right)):
                always = "never true" if isinstance(op, ast.Eq) else "always true"
                yield p.report(
                    "SB253",
                    (node, p.source),
                    f"a comparison with NaN is {always}: NaN equals nothing, not even itself",
                    why="missing values are not found, so they go on into the loss or the metric",
                    fix="Use torch.isnan(x) (or np.isnan(x)) and ~torch.isnan(x)",
                )


def _is_nan(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float" and node.args:
        arg = node.args[0]
        return isinstance(arg, ast.Constant) and isinstance(arg.value, str) and arg.value.lower() == "nan"
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("nan", "NaN", "NAN")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("math", "np", "numpy", "torch", "th")
    )
