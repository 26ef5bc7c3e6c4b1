"""Stored observations are one array that the environment goes on changing.

## What it does

Finds environments that return their internal array and change it in place, while what they return is stored.

## Why is this bad

All stored transitions show the latest state: the memory holds references, not copies.

## Example

```python
import numpy as np

class Env:
    def __init__(self):
        self.state = np.zeros(2)

    def step(self, action):
        self.state[0] += action
        return self.state

env, memory = Env(), []
net = nn.Linear(2, 1)
for _ in range(10):
    memory.append(env.step(1.0))
```

## Use instead

```python
import numpy as np

class Env:
    def __init__(self):
        self.state = np.zeros(2)

    def step(self, action):
        self.state[0] += action
        return self.state.copy()

env, memory = Env(), []
net = nn.Linear(2, 1)
for _ in range(10):
    memory.append(env.step(1.0))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.syntax import walk

_ARRAYS = frozenset(
    [
        "zeros",
        "ones",
        "empty",
        "full",
        "array",
        "zeros_like",
        "tensor",
        "randn",
        "rand",
        "normal",
        "uniform",
        "arange",
        "asarray",
    ]
)
_METHODS = frozenset(["step", "reset", "observe", "observation", "get_state", "get_obs"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(isinstance(n.func, ast.Attribute) and n.func.attr in _STORES for n in q.nodes(p, ast.Call)):
        return
    for cls in q.nodes(p, ast.ClassDef):
        methods = [m for m in cls.body if isinstance(m, ast.FunctionDef)]
        if not any(m.name == "step" for m in methods) or any(_base(b) == "Module" for b in cls.bases):
            continue
        arrays = {name for m in methods for name in _made(m)}
        changed = {name: at for m in methods for name, at in _changed(m)}
        for method in methods:
            for node in walk(method):
                if isinstance(node, ast.Return) and node.value is not None:
                    first = node.value.elts[0] if isinstance(node.value, ast.Tuple) and node.value.elts else node.value
                    name = _own(first)
                    given = name and name in arrays and name in changed and _gives_state(method, methods)
                    if given and not _copied_outside(p, cls):
                        yield p.report(
                            "SB829",
                            (node, p.source),
                            f"{method.name}() returns self.{name} itself, which is changed in place later: stored "
                            "states are references to the same array",
                            why="every stored transition shows the latest state, so all samples are alike",
                            fix=f"Return a copy: self.{name}.copy() (or .clone())",
                            related=((str(p.source.path), changed[name].lineno, "changed in place"),),
                        )


_STORES = frozenset(["append", "push", "add", "store", "remember", "insert", "put"])


def _base(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _own(node: ast.AST) -> str:
    """The name of ``self.name``."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "s"):
        return node.attr
    return ""


def _made(method: ast.FunctionDef) -> Iterator[str]:
    """Attributes that hold an array or tensor."""
    for node in walk(method):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            func, value = node.value.func, node.value
            while (
                isinstance(func, ast.Attribute)
                and func.attr in ("astype", "float", "to")
                and isinstance(func.value, ast.Call)
            ):
                value = func.value
                func = value.func
            scalar = _base(func) in ("normal", "uniform") and not any(
                k.arg in ("size", "shape") for k in value.keywords
            )
            if _base(func) in _ARRAYS and not scalar and value.args:
                for target in node.targets:
                    yield _own(target)


def _changed(method: ast.FunctionDef) -> Iterator[tuple[str, ast.stmt]]:
    """Attributes whose array is changed in place."""
    for node in walk(method):
        if isinstance(node, ast.AugAssign):
            target = node.target.value if isinstance(node.target, ast.Subscript) else node.target
            yield _own(target), node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript):
                    yield _own(target.value), node


def _gives_state(method: ast.FunctionDef, methods: list[ast.FunctionDef]) -> bool:
    """Whether what a method returns is what ``step`` and ``reset`` hand out."""
    if method.name in _METHODS:
        return True
    calls = [
        n
        for m in methods
        if m.name in ("step", "reset")
        for n in walk(m)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == method.name
    ]
    return bool(calls)


_COPIES = frozenset(["copy", "clone", "deepcopy", "array", "tensor", "astype"])


def _copied_outside(p: Program, cls: ast.ClassDef) -> bool:
    """Whether every state that the program asks for is copied by who asked, before it can be stored."""
    own = {id(n) for n in walk(cls)}
    thrown = {id(n.value) for n in q.nodes(p, ast.Expr)}
    used = [n for n in q.nodes(p, ast.Call) if id(n) not in own | thrown and _asks(n)]
    nodes = [n for n in q.nodes(p, ast.Assign) if id(n) not in own]
    copied = {id(inner) for n in q.nodes(p, ast.Call) for inner in _source(n)}
    renewed = {
        t.id
        for n in nodes
        if isinstance(n.value, ast.Call) and any(isinstance(i, ast.Name) for i in _source(n.value))
        for t in n.targets
        if isinstance(t, ast.Name) and any(isinstance(i, ast.Name) and i.id == t.id for i in _source(n.value))
    }
    for call in used:
        if id(call) in copied:
            continue
        names = [_first(t) for n in nodes if n.value is call for t in n.targets]
        if not names or not all(name in renewed for name in names):
            return False
    return bool(used)


def _asks(call: ast.Call) -> bool:
    """Whether it is ``env.step(...)`` or ``env.reset()``; the step of an optimizer gets nothing and gives nothing."""
    func = call.func
    return isinstance(func, ast.Attribute) and (func.attr == "reset" or (func.attr == "step" and bool(call.args)))


def _source(call: ast.Call) -> Iterator[ast.expr]:
    """What a call copies: ``x`` of ``x.copy()``, ``np.array(x)`` or ``torch.tensor(x)``."""
    func = call.func
    if _base(func) not in _COPIES:
        return
    if isinstance(func, ast.Attribute) and func.attr in ("copy", "clone", "astype"):
        yield func.value
    if _base(func) not in ("clone", "astype"):
        yield from call.args[:1]


def _first(target: ast.expr) -> str:
    """The name of the state in ``s = ...`` or ``s, reward, done = ...``."""
    one = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    return one.id if isinstance(one, ast.Name) else ""
