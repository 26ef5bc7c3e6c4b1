"""No parameter has the name that is asked for.

## What it does

Finds loops over `named_parameters()` that look for a name which no parameter of the model has.

## Why is this bad

The condition is never true: nothing is frozen, nothing gets its own learning rate, nothing is loaded.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


net = Net()
for name, p in net.named_parameters():
    if name.startswith("backbone"):
        p.requires_grad = False
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


net = Net()
for name, p in net.named_parameters():
    if name.startswith("body"):
        p.requires_grad = False
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

Wanted = tuple[ast.AST, str, bool, Val | None]  # the test, the text, whether the name starts with it, where it stands

_KINDS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked", "in_proj", "out_proj", "_ih_", "_hh_")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("loop", "comprehension"):
        over = event.recv
        if over is None or over.kind != "params" or over.name != "named_parameters" or not over.args:
            continue
        model = over.args[0]
        names = _names(model) if model.kind == "module" else None
        if not names or id(event.node) in seen:
            continue
        seen.add(id(event.node))
        for test, wanted, start, at in (*_tests(event.node), *_given(p, event.node)):
            if any(k in wanted for k in _KINDS) or len(wanted) < 2 or id(test) in seen or _elsewhere(p, event, over):
                continue
            if any(n.startswith(wanted) if start else wanted in n for n in names):
                continue
            seen.add(id(test))
            shown = ", ".join(sorted({n.split(".")[0] for n in names})[:6])
            yield p.report(
                "SB533",
                at or (test, event.src),
                f'no parameter of {model.var or model.name} has "{wanted}" in its name: the condition is never true',
                why=f"its parameters begin with {shown}; so nothing is frozen or put into the group that was meant",
                fix="Use a name that named_parameters() gives, and check that something was selected",
                related=((str(event.src.path), event.line, "the names"),),
            )


def _names(model: Val) -> list[str] | None:
    """Dotted names of everything in a module, ``None`` when a part is not known."""
    found: list[str] = []
    stack: list[tuple[str, Val]] = [("", model)]
    while stack:
        head, one = stack.pop()
        if one.kind == "phi" or one.kind == "unknown" or "external" in one.tags or len(found) > 3000:
            return None
        if one.kind == "module":
            if one.owner is not None and any(not b.endswith("Module") for b in one.owner.lib_bases()):
                return None
            if "each" in one.tags or "patched" in one.tags or one.name in ("ModuleDict", "ParameterDict"):
                found.append(f"{head}0." if head else "0.")
                return None
            parts = list(one.attrs.items())
            parts += [(str(i), v) for i, v in enumerate(one.items or [])]
            if one.name == "Sequential" and one.items is None:
                return None
            for name, part in parts:
                if part.kind == "module" or (part.kind in ("phi", "unknown") and methods.submodules(part)):
                    stack.append((f"{head}{name}.", part))
                elif part.name == "Parameter":
                    found.append(f"{head}{name}")
                elif part.kind in ("phi", "unknown"):
                    return None
            found += [f"{head}weight", f"{head}bias"]
    return found


def _given(p: Program, node: Any) -> Iterator[Wanted]:
    """The same where the text comes from elsewhere: an argument of a helper function, a constant."""
    name = _name_in(node)
    tests = [n.test for n in syntax.walk(node) if isinstance(n, (ast.If, ast.IfExp))]
    tests += [i for g in getattr(node, "generators", []) for i in g.ifs]
    open_ = [t for t in tests if isinstance(t, ast.Call) and syntax.text(t.func) == f"{name}.startswith"]
    for test in (t for t in open_ if len(t.args) == 1 and isinstance(t.args[0], (ast.Name, ast.Attribute))):
        given = [e.args[0] for e in p.calls("startswith") if e.node is test and e.args]
        if len({id(v) for v in given}) == 1 and isinstance(given[0].const, str) and given[0].line:
            yield test, given[0].const, True, given[0]


def _name_in(node: Any) -> str:
    """What a loop over ``named_parameters()`` calls the name."""
    target = (
        node.target if isinstance(node, ast.For) else node.generators[0].target if hasattr(node, "generators") else None
    )
    return target.elts[0].id if isinstance(target, ast.Tuple) and isinstance(target.elts[0], ast.Name) else ""


def _tests(node: Any) -> Iterator[Wanted]:
    """Constant texts that the names are compared with: the test, the text, whether the name must start with it."""
    name = _name_in(node)
    if not name:
        return
    tests = [n.test for n in syntax.walk(node) if isinstance(n, (ast.If, ast.IfExp))]
    tests += [i for g in getattr(node, "generators", []) for i in g.ifs]
    for test in tests:
        if isinstance(test, (ast.UnaryOp, ast.BoolOp)):
            continue  # several names, of which some may fit
        if (
            isinstance(test, ast.Compare)
            and isinstance(test.ops[0], ast.In)
            and syntax.text(test.comparators[0]) == name
        ):
            if isinstance(test.left, ast.Constant) and isinstance(test.left.value, str):
                yield test, test.left.value, False, None
        elif isinstance(test, ast.Call) and syntax.text(test.func) == f"{name}.startswith" and test.args:
            text = getattr(test.args[0], "value", None)
            if isinstance(text, str):
                yield test, text, True, None


def _elsewhere(p: Program, event: Event, over: Val) -> bool:
    """Whether the same loop also runs over another model."""
    others = [e.recv for e in p.all("loop", "comprehension") if e.node is event.node and e.recv is not None]
    return any(o.args and over.args and o.args[0] is not over.args[0] for o in others)
