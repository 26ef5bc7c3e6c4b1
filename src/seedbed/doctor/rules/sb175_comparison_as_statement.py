"""A comparison stands where an assignment was meant.

## What it does

Finds statements that compare with `==` and use the result for nothing.

## Why is this bad

`p.requires_grad == False` asks a question and throws the answer away. Nothing is set.

## Example

```python
model = nn.Linear(4, 2)
for p in model.parameters():
    p.requires_grad == False
```

## Use instead

```python
model = nn.Linear(4, 2)
for p in model.parameters():
    p.requires_grad = False
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_SET = ("requires_grad", "training", "grad", "data", "lr")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    inside = {
        id(s)
        for outer in q.nodes(p, ast.FunctionDef, ast.For, ast.While, ast.If, ast.With)
        for s in [*outer.body, *getattr(outer, "orelse", [])]
    }
    for node in q.nodes(p, ast.Expr):
        test = node.value
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
            continue
        left = test.left
        if not isinstance(left, (ast.Attribute, ast.Name, ast.Subscript)):
            continue
        named = isinstance(left, ast.Attribute) and left.attr in _SET
        if not named and id(node) not in inside:
            continue  # the last line of a notebook's cell shows its value
        text = syntax.text(left)
        yield p.report(
            "SB175",
            (node, p.source),
            f"{syntax.text(test)} is a comparison (==) that is thrown away: {text} is not set, it has no effect",
            why="== compares and gives True or False; only = assigns",
            fix=f"Write {text} = {syntax.text(test.comparators[0])}",
        )
