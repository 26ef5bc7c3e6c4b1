"""A method assigns a local name where it means the attribute of the object.

## What it does

Finds `stop = True` in a method where `self.stop` exists and the local name is never read.

## Why is this bad

The local name is gone when the method returns and the attribute keeps its old value: nothing happens, without an error.

## Example

```python
class Stopper:
    def __init__(self):
        self.best, self.stop = float("inf"), False

    def __call__(self, loss):
        if loss > self.best:
            stop = True
        self.best = min(self.best, loss)
```

## Use instead

```python
class Stopper:
    def __init__(self):
        self.best, self.stop = float("inf"), False

    def __call__(self, loss):
        if loss > self.best:
            self.stop = True
        self.best = min(self.best, loss)
```
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in q.nodes(p, ast.ClassDef):
        methods = [n for n in cls.body if isinstance(n, _FUNCTIONS)]
        held = syntax.known(cls, "_held", partial(_set_in, methods))
        for method in methods if held else ():
            stored = syntax.below(method, ast.Assign)
            if not any(getattr(n.targets[0], "id", "") in held for n in stored):
                continue
            names = syntax.below(method, ast.Name)
            given = {a.arg for a in (*method.args.args, *method.args.kwonlyargs)}
            read = {n.id for n in names if isinstance(n.ctx, ast.Load)} | given | _declared(method)
            own = {name for n in syntax.below(method, ast.Attribute) if (name := _set_on_self(n))}
            for node in (n for n in stored if len(n.targets) == 1):
                name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
                if name not in held or name in read or name.startswith("_") or name in own:
                    continue
                if _asks(node.value, name) or (_short_for(node.value) and _read_as_written(p, method, name)):
                    continue
                if any(m is not method and _own_word(m, name) for m in methods):
                    continue  # an everyday name, that other methods use for what they work out themselves
                yield p.report(
                    "SB590",
                    (node, p.source),
                    f"{name} = ... in {cls.name}.{method.name}() sets a local variable that nobody reads: "
                    f"self.{name} is not changed (self. is missing)",
                    why=f"the name is gone when {method.name}() returns, and self.{name} keeps its old value, so e.g. "
                    "an early stop or a new best never takes effect",
                    fix=f"Write self.{name} = ...",
                )
                break


def _own_word(method: ast.AST, name: str) -> bool:
    """Whether a method works out a value of this name with an operator or call, and reads it."""
    stored = [n for n in syntax.below(method, ast.Assign) if syntax.text(n.targets[0]) == name]
    read = any(n.id == name and isinstance(n.ctx, ast.Load) for n in syntax.below(method, ast.Name))
    return read and any(isinstance(n.value, (ast.BinOp, ast.Call)) for n in stored)


def _asks(value: ast.expr, name: str) -> bool:
    """Whether the attribute is called for the value: ``hidden = self.hidden(x)`` holds a result, not a new layer."""
    return any(isinstance(n, ast.Call) and syntax.text(n.func) == f"self.{name}" for n in syntax.walk(value))


def _short_for(value: ast.expr) -> bool:
    """Whether a name only stands for an attribute, which the reader puts in its place: ``vocab = self.vocab``."""
    return isinstance(value, ast.Attribute)


def _read_as_written(p: Program, method: ast.AST, name: str) -> bool:
    """Whether the method reads the name in the text as it was written."""
    text = ast.get_source_segment(p.source.text, method)
    try:
        tree = ast.parse(textwrap.dedent(text or ""))
    except SyntaxError:
        return True
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in ast.walk(tree))


def _set_on_self(node: ast.AST) -> str:
    """The attribute that is assigned: ``self.name = ...``."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store):
        return ""
    return node.attr if isinstance(node.value, ast.Name) and node.value.id == "self" else ""


def _declared(method: ast.AST) -> set[str]:
    """Names that belong to the module or an outer function."""
    return {n for d in syntax.below(method, ast.Global, ast.Nonlocal) for n in d.names}


def _set_in(methods: Sequence[ast.AST]) -> set[str]:
    """The attributes of ``self`` that methods set."""
    return {name for m in methods for n in syntax.below(m, ast.Attribute) if (name := _set_on_self(n))}
