"""The initialisation has no effect.

## What it does

Finds initialisations that have no effect: a function that is never called, or one that works on a copy.

## Why is this bad

The weights keep torch's defaults although the code says otherwise.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def _init_weights(self):
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)

out = Net()(torch.randn(8, 4))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self._init_weights()

    def _init_weights(self):
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)

out = Net()(torch.randn(8, 4))
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
    names = {
        "init_weights",
        "_init_weights",
        "initialize_weights",
        "_initialize_weights",
        "weights_init",
        "weight_init",
        "init_params",
        "reset_weights",
        "_reset_parameters",
        "initialize",
        "init_weight",
    }
    for func in p.functions:
        if func.name not in names or func.calls or func.src is not p.source or not p.complete:
            continue
        uses = [
            n for n in q.nodes(p, ast.Name, ast.Attribute) if (n.id if isinstance(n, ast.Name) else n.attr) == func.name
        ]
        if uses or (not any(c.made for c in p.classes) and not p.trains):
            continue
        if func.owner is not None and any(not b.endswith("nn.Module") for b in func.owner.lib_bases()):
            continue
        yield p.report(
            "SB508",
            (func.node, func.src),
            f"{func.name}() is defined but never called: the initialisation has no effect",
            why="the weights keep torch's default initialisation",
            fix=f"Call it at the end of __init__ (or model.apply({func.name}))",
        )
    for event in p.once("init"):
        if (
            event.recv is not None
            and event.recv.kind == "tensor"
            and event.recv.name in ("clone", "detach_clone", "tensor", "cpu_copy", "numpy")
        ):
            yield p.report(
                "SB508",
                event,
                f"nn.init.{event.name} works on a copy ({event.recv.name}()): the initialisation has no effect",
                why="the copy is changed and thrown away; the layer keeps its weights",
                fix="Pass the parameter itself: nn.init...(layer.weight)",
            )
