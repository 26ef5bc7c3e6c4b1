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
from seedbed.doctor.static.scopes import Class


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
        yield from _skips_parent(p, cls, init.owner.node)
        if not _starts(init.owner.node) and _registers(init.owner.node):
            yield p.report(
                "SB504",
                (init.owner.node, cls.src),
                f"{cls.name}.__init__ does not call super().__init__()",
                why="nn.Module is not set up, so layers and parameters cannot be registered",
                fix="Call super().__init__() first",
            )


def _skips_parent(p: Program, cls: Class, init: ast.FunctionDef) -> Iterator[Finding]:
    """``nn.Module.__init__(self)`` in a class whose parent has settings of its own, which then keep other values."""
    calls = [
        n
        for n in syntax.walk(init)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "__init__"
    ]
    parent = next((c for c in cls.lineage()[1:] if "__init__" in c.scope.vars), None)
    member = parent.scope.vars["__init__"] if parent is not None else None
    if len(calls) != 1 or parent is None or member is None or member.kind != "func" or member.owner.src is not cls.src:
        return
    func = calls[0].func
    base = syntax.text(func.value) if isinstance(func, ast.Attribute) else ""
    if base not in ("nn.Module", "torch.nn.Module", "Module", f"super({parent.name}, self)"):
        return
    own = _set_by(cls.node)
    given = member.owner.node.args
    stays = dict(zip([a.arg for a in given.args][::-1], given.defaults[::-1], strict=False))
    stays |= {a.arg: d for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d is not None}
    for name, value in _set_by(member.owner.node).items():
        starts = stays.get(value.id) if isinstance(value, ast.Name) else value
        left = cls.attribute(name)
        if name in own or left is None or left.kind != "const" or not isinstance(starts, ast.Constant):
            continue
        stores = (n for n in p.nodes(ast.Attribute) if n.attr == name and isinstance(n.ctx, ast.Store))
        if starts.value != left.const and _is_read(cls, name) and all(_of_self(n) for n in stores):
            yield p.report(
                "SB504",
                (calls[0], cls.src),
                f"{base}.__init__ skips {parent.name}.__init__: self.{name} stays {left.const!r}, not {starts.value!r}",
                why=f"what the parent sets up never happens, and {cls.name} silently runs with the class's defaults",
                fix="Call super().__init__(), which runs the __init__ of the parent (and that of nn.Module)",
                related=((str(member.owner.src.path), member.owner.node.lineno, "the __init__ that is skipped"),),
            )
            return


def _set_by(body: ast.AST) -> dict[str, ast.expr]:
    """The attributes of ``self`` that are assigned, each with its value; tuples taken apart."""
    found: dict[str, ast.expr] = {}
    for node in syntax.walk(body):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs: list[tuple[ast.expr, ast.expr]] = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                elif isinstance(target, ast.Tuple):
                    pairs = [(t, node.value) for t in target.elts]
                found |= {t.attr: v for t, v in pairs if isinstance(t, ast.Attribute) and _of_self(t)}
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Attribute):
            found[node.target.attr] = node.value if node.value is not None else node.target
    return found


def _of_self(node: ast.Attribute) -> bool:
    return syntax.text(node.value) == "self"


def _is_read(cls: Class, name: str) -> bool:
    """Whether a method that the class has, its own or an inherited one, reads an attribute of ``self``."""
    methods = {n: cls.method(n) for c in cls.lineage() for n, v in c.scope.vars.items() if v.kind == "func"}
    return any(
        isinstance(n, ast.Attribute) and n.attr == name and isinstance(n.ctx, ast.Load) and _of_self(n)
        for said, m in methods.items()
        if m is not None and said != "__init__"
        for n in syntax.walk(m.node)
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
