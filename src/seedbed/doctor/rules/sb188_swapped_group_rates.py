"""The pretrained part gets a larger learning rate than the new head.

## What it does

Finds parameter groups in which the new, random head has a much smaller learning rate than the pretrained layers.

## Why is this bad

The pretrained features are destroyed by large steps, and the head, which has everything to learn, hardly moves.

## Example

```python
import torchvision
model = torchvision.models.resnet18(weights="DEFAULT")
model.fc = nn.Linear(512, 10)
backbone = [p for n, p in model.named_parameters() if not n.startswith("fc")]
optimizer = torch.optim.SGD([
    {"params": backbone, "lr": 1e-2},
    {"params": model.fc.parameters(), "lr": 1e-4},
], momentum=0.9)
```

## Use instead

```python
import torchvision
model = torchvision.models.resnet18(weights="DEFAULT")
model.fc = nn.Linear(512, 10)
backbone = [p for n, p in model.named_parameters() if not n.startswith("fc")]
optimizer = torch.optim.SGD([
    {"params": backbone, "lr": 1e-4},
    {"params": model.fc.parameters(), "lr": 1e-2},
], momentum=0.9)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_HEADS = frozenset(("fc", "head", "classifier", "linear", "heads", "decoder", "proj"))
_BODIES = frozenset(("backbone", "encoder", "features", "base", "body", "pretrained", "trunk", "bert"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    restored = [o for e in p.all("restore") if e.recv is not None for o in e.recv.options() if o.kind == "module"]
    for event, optimizer, _ in ownership.optimizers(p):
        groups = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
        default = optimizer.kwargs.get("lr") or optimizer.arg(1)
        members = [g for g in (groups.items or []) if g.kind == "dict"] if groups is not None else []
        if len(members) < 2 or (groups is not None and "each" in groups.tags):
            continue
        rates = [(g, _rate(g, default), _part(g, restored)) for g in members]
        heads = [(g, rate) for g, rate, part in rates if part == "head" and rate is not None]
        bodies = [(g, rate) for g, rate, part in rates if part == "body" and rate is not None]
        for head, low in heads:
            for body, high in bodies:
                if low is None or high is None or not 0 < low <= high / 3:
                    continue
                yield p.report(
                    "SB188",
                    head if head.line else event,
                    f"the learning rates of the parameter groups look swapped: the new head gets lr={low:g}, the "
                    f"pretrained part lr={high:g}",
                    why="pretrained layers need small steps, and a head that starts at random needs large ones",
                    fix="Give the larger rate to the head and the smaller one to the backbone",
                    related=((str(event.src.path), body.line, "the pretrained part"),),
                )
                return


def _rate(group: Val, default: Val | None) -> float | None:
    val = group.attrs.get("lr", default)
    return float(val.const) if val is not None and val.kind == "const" and isinstance(val.const, (int, float)) else None


def _part(group: Val, restored: list[Val]) -> str:
    """``head`` for layers without pretrained weights that are named like one, ``body`` for pretrained ones."""
    source = group.attrs.get("params")
    modules = [m for m in ownership.modules_of(source) if m.kind == "module"]
    if source is None or not modules:
        return ""
    old = any("external" in s.tags or any(s is o for o in restored) for m in modules for s in methods.submodules(m))
    said = set(words(source.var)) | {w for m in modules for w in words(m.var)} if source.var or modules else set()
    if old and (said & _BODIES or not said & _HEADS):
        return "body"
    return "head" if not old and said & _HEADS else ""
