"""Weights are copied instead of shared.

## What it does

Finds weight tying that copies the weight.

## Why is this bad

The copies are equal at the start only. Training moves them apart.

## Example

```python
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.out = nn.Linear(32, 100, bias=False)
        self.out.weight = nn.Parameter(self.emb.weight.clone())

    def forward(self, x):
        return self.out(self.emb(x))
```

## Use instead

```python
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.out = nn.Linear(32, 100, bias=False)
        self.out.weight = self.emb.weight

    def forward(self, x):
        return self.out(self.emb(x))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _parted(p)
    for event in p.once("attribute"):
        node = event.node
        if not event.args or not isinstance(node, ast.Attribute) or event.name not in ("weight", "data"):
            continue
        val = event.args[0]
        parts = list(ancestors(val, limit=12))
        source = [v for v in parts if v.name == "parameter" and "weight" in v.tags and v.args]
        owner = (
            event.recv
            if event.name == "weight"
            else (
                event.recv.args[0]
                if event.recv is not None and event.recv.name == "parameter" and event.recv.args
                else None
            )
        )
        if (
            not source
            or owner is None
            or owner.kind != "module"
            or source[0].args[0] is owner
            or source[0].args[0].kind != "module"
        ):
            continue
        copied = (
            any(v.name in ("clone", "detach", "data", "Parameter", "deepcopy", "t", "T") for v in parts)
            or event.name == "data"
        )
        inside = event.funcs and event.funcs[-1].name in ("__init__", "tie_weights", "_tie_weights")
        if copied and val is not source[0] and inside:
            yield p.report(
                "SB515",
                event,
                "weight tying is broken: the weight is copied, not shared",
                why="the two tensors are equal at the start only; the optimizer moves them apart",
                fix="Assign the parameter itself: self.out.weight = self.emb.weight",
            )
    yield from _in_place(p)


def _in_place(p: Program) -> Iterator[Finding]:
    """Weights that are tied by copying numbers."""
    for event in p.once("inplace"):
        if (
            event.name == "copy_"
            and event.funcs
            and event.funcs[-1].name in ("__init__", "tie_weights", "_tie_weights")
            and event.args
        ):
            source = [v for v in ancestors(event.args[0], limit=8) if v.name == "parameter" and "weight" in v.tags]
            target = (
                [v for v in ancestors(event.recv, limit=8) if v.name == "parameter" and "weight" in v.tags]
                if event.recv is not None
                else []
            )
            if source and target and source[0] is not target[0]:
                yield p.report(
                    "SB515",
                    event,
                    "weight tying is broken: copy_() copies the weight instead of sharing it",
                    why="the two tensors are equal at the start only; the optimizer moves them apart",
                    fix="Assign the parameter itself: self.out.weight = self.emb.weight",
                )


def _parted(p: Program) -> Iterator[Finding]:
    """Tied modules of which one gets a new parameter afterwards, in an initialisation for example."""
    tied: dict[int, Event] = {}
    seen: set[int] = set()
    for event in p.all("attribute"):
        if event.name != "weight" or not event.args or event.recv is None or event.recv.kind != "module":
            continue
        val = event.args[0]
        if val.name == "parameter" and "weight" in val.tags and val.args and val.args[0] is not event.recv:
            tied[id(event.recv)] = tied[id(val.args[0])] = event
        elif val.name == "Parameter" and id(event.recv) in tied and id(event.node) not in seen:
            seen.add(id(event.node))
            tie = tied[id(event.recv)]
            yield p.report(
                "SB515",
                event,
                f"weight tying is broken: a new nn.Parameter replaces the shared weight (tied at line {tie.line})",
                why="each layer gets a parameter of its own: embedding and decoder no longer share their weight",
                fix="Change the numbers in place (nn.init.normal_(m.weight)), or tie after the initialisation",
                related=((str(tie.src.path), tie.line, "the tie"),),
            )
