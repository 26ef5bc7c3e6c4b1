"""Super().__init__() is missing in a module.

## What it does

Finds module classes whose `__init__` does not call `super().__init__()`.

## Why is this bad

Layers cannot be registered: assigning one raises, or parameters are lost.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        self.size = 4
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.size = 4
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
    for cls in p.classes:
        init = cls.scope.vars.get("__init__")
        if (
            cls.base != "module"
            or init is None
            or init.kind != "func"
            or not any(b.startswith("torch.") and b.endswith(".Module") for b in cls.lib_bases())
        ):
            continue
        if not _starts(init.owner.node) and _registers(init.owner.node):
            yield p.report(
                "SB504",
                (init.owner.node, cls.src),
                f"{cls.name}.__init__ does not call super().__init__()",
                why="nn.Module is not set up, so layers and parameters cannot be registered",
                fix="Call super().__init__() first",
            )


def _starts(init: ast.AST) -> bool:
    """Whether ``__init__`` calls the one of a base, or leaves that to another method of its own."""
    for node in syntax.walk(init):
        if isinstance(node, ast.Attribute) and "__init__" in node.attr:
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            base = node.func.value
            if syntax.text(base).startswith("super(") or (
                syntax.text(base) == "self" and node.func.attr.startswith(("_init", "init", "setup", "__"))
            ):
                return True
    return False


def _registers(init: ast.AST) -> bool:
    """Whether ``__init__`` sets attributes: it is not one that only refuses."""
    return any(
        isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and syntax.text(n.value) == "self"
        for n in syntax.walk(init)
    )
