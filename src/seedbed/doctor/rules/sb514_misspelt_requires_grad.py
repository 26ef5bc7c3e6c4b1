"""Requires_grad is set where it has no effect.

## What it does

Finds `requires_grad` set where it has no effect: misspelt, or on a module.

## Why is this bad

Python makes a new attribute and torch never looks at it. The layer trains on.

## Example

```python
backbone = nn.Linear(4, 8)
for w in backbone.parameters():
    w.require_grad = False
```

## Use instead

```python
backbone = nn.Linear(4, 8)
for w in backbone.parameters():
    w.requires_grad = False
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import is_model
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    wrong = {
        "require_grad",
        "requires_gradient",
        "require_grads",
        "requires_grads",
        "required_grad",
        "requires_gard",
        "trainable",
        "requiresgrad",
        "required_grads",
        "require_gradient",
        "frozen",
    }
    for event in p.once("attribute"):
        if event.recv is None or not event.args:
            continue
        if _beside(event):
            yield _no_effect(p, event)
            continue
        param = any(o.name in ("parameter", "Parameter") for o in event.recv.options())
        module = any(o.kind == "module" for o in event.recv.options()) or (
            event.recv.kind == "unknown" and is_model(event.recv.var)
        )
        text = syntax.text(event.node)
        module = module or (event.name == "requires_grad" and not param and _from_children(event.recv))
        fits = (
            (event.name == "requires_grad" and module and not param and not text.startswith("self."))
            or (
                (
                    event.name in wrong - {"frozen", "trainable"}
                    and (param or module or event.recv.kind in ("unknown", "method", "tensor"))
                )
                or (event.name in ("trainable", "frozen") and param)
            )
            or (
                event.name == "requires_grad"
                and module
                and not param
                and event.recv.kind == "module"
                and isinstance(event.node, ast.Attribute)
                and not isinstance(event.node.value, ast.Name)
            )
        )
        if not fits:
            continue
        yield p.report(
            "SB514",
            event,
            f"{text} = ... has no effect: "
            + (
                "a module has no requires_grad, only its parameters"
                if event.name == "requires_grad"
                else "torch only knows requires_grad"
            ),
            why="Python just makes a new attribute, so the parameters stay as they were (they are not frozen)",
            fix="Set requires_grad on every parameter, or call module.requires_grad_(False)",
            severity=Severity.HINT if _needless(event, q.doubtful(p) is not None) else None,
        )


def _needless(event: Event, idle: bool) -> bool:
    """Whether a tensor that records no gradient is told not to, or is told to where nothing asks for gradients.

    Such a slip changes nothing.
    """
    assert event.recv is not None
    made = ("parameter", "Parameter", "element", "part", "getitem")
    plain = all(o.kind == "tensor" and not o.grad and o.name not in made for o in event.recv.options())
    return plain and (idle or event.args[-1].const is False)


def _no_effect(p: Program, event: Event) -> Finding:
    own = event.name == "requires_grad"
    text = f"{syntax.text(event.node)} = ..."
    return p.report(
        "SB514",
        event,
        f"{text} has no effect on the parameters: they are not frozen"
        if own
        else f"{text} hides the method requires_grad_() by a value: nothing is frozen",
        why=".data is a new tensor each time, with a flag of its own"
        if own
        else "requires_grad_ is a method that must be called; the assignment only hides it",
        fix="Write p.requires_grad = False for every parameter, or call module.requires_grad_(False)",
    )


def _beside(event: Event) -> bool:
    """``p.data.requires_grad = False`` and ``module.requires_grad_ = False``."""
    if event.recv is None or event.args[-1].kind != "const":
        return False
    if event.name == "requires_grad_":
        return any(o.kind == "module" or o.name in ("parameter", "Parameter") for o in event.recv.options())
    owner = event.recv.args[0] if event.recv.name == "data" and event.recv.args else None
    return event.name == "requires_grad" and owner is not None and owner.name in ("parameter", "Parameter", "element")


def _from_children(val: Val) -> bool:
    """Whether a value is one of the modules of ``children()`` or ``modules()`` of a model of a library."""
    return val.name in ("element", "part", "module") and any(
        v.kind == "iter" and v.name in ("children", "modules", "named_children", "named_modules")
        for v in ancestors(val, limit=4)
    )
