"""Instances share one module by accident.

## What it does

Finds layers at class level or as default arguments.

## Why is this bad

They are made once, when the class is defined. Instances share them, and at class level they are not
registered.

## Example

```python
class Net(nn.Module):
    fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, syntax
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        if cls.base != "module":
            continue
        for name, val in cls.scope.vars.items():
            if val.kind == "module" and (
                any(m.name.startswith(ownership.WEIGHTED) or "Norm" in m.name for m in methods.submodules(val))
            ):
                yield p.report(
                    "SB518",
                    (val.node or cls.node, cls.src),
                    f"{cls.name}.{name} is a layer at class level: it is not registered, and all instances share it",
                    why="it is not in model.parameters(), so it is never trained",
                    fix="Create it in __init__ as self." + name,
                )
            if name == "__init__" and val.kind == "func":
                for default in [*val.owner.node.args.defaults, *val.owner.node.args.kw_defaults]:
                    if isinstance(default, ast.Call) and syntax.text(default.func).rsplit(".", 1)[-1] in (
                        "Linear",
                        "Conv2d",
                        "Conv1d",
                        "Embedding",
                        "BatchNorm1d",
                        "BatchNorm2d",
                        "LayerNorm",
                        "Sequential",
                    ):
                        yield p.report(
                            "SB518",
                            (default, cls.src),
                            "a layer is a default argument: all instances share its weights",
                            why="default values are made once, when the function is defined",
                            fix="Use None as the default and create the layer inside",
                        )
