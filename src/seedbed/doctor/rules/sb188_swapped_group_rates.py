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

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_HEADS = frozenset(("fc", "head", "classifier", "linear", "heads", "decoder", "proj"))
_BODIES = frozenset(("backbone", "encoder", "features", "base", "body", "pretrained", "trunk", "bert"))


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _layer_wise(p)
    restored = [o for e in p.all("restore") if e.recv is not None for o in e.recv.options() if o.kind == "module"]
    for event, optimizer, _ in ownership.optimizers(p):
        groups = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
        default = optimizer.kwargs.get("lr") or optimizer.arg(1)
        members = [g for g in (groups.items or []) if g.kind == "dict"] if groups is not None else []
        if len(members) < 2 or (groups is not None and "each" in groups.tags):
            continue
        old = restored + _trained_before(p, event)
        rates = [(g, _rate(g, default), _part(g, old)) for g in members]
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


def _trained_before(p: Program, event: Event) -> list[Val]:
    """The models that another optimizer has trained before this one is made, and does not train any more."""
    found: list[Val] = []
    for _, other, held in ownership.optimizers(p):
        steps = [e.seq for e in p.all("step") if e.recv is other]
        if steps and max(steps) < event.seq:
            found += held
    return found


def _layer_wise(p: Program) -> Iterator[Finding]:
    """``lr * decay ** i`` over the layers from the first to the last: the last ones get the smallest rate."""
    for loop in p.nodes(ast.For):
        call = loop.iter
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "enumerate" or not call.args:
            continue
        over, pair = call.args[0], loop.target
        if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2 or not isinstance(pair.elts[0], ast.Name):
            continue
        if not isinstance(over, ast.Attribute) or not set(words(over.attr)) & _STACKS:
            continue
        count, layer = pair.elts[0].id, {n.id for n in ast.walk(pair.elts[1]) if isinstance(n, ast.Name)}
        for group in (n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Dict)):
            given = {k.value: v for k, v in zip(group.keys, group.values, strict=True) if isinstance(k, ast.Constant)}
            rate, held = given.get("lr"), given.get("params")
            if rate is None or held is None or not any(getattr(n, "id", "") in layer for n in ast.walk(held)):
                continue
            power = next((n for n in ast.walk(rate) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)), None)
            if power is None or not _falls(power.left) or not _counts_up(power.right, count):
                continue
            yield p.report(
                "SB188",
                (rate, p.source),
                f"the layer-wise decay of the learning rate is turned round: {syntax.text(power)} is smallest for the "
                "last layer and largest for the first",
                why="the first (pretrained, most general) layers get the largest learning rate, those at the head the "
                "smallest",
                fix=f"Count from the end: decay ** (n_layers - {count})",
            )


_STACKS = frozenset(("layers", "layer", "blocks", "stages", "encoder"))


def _falls(base: ast.expr) -> bool:
    """Whether what is raised to a power is a decay below one, as its number or its name says."""
    if isinstance(base, ast.Constant):
        return isinstance(base.value, float) and 0 < base.value < 1
    return bool(set(words(syntax.text(base).rsplit(".", 1)[-1])) & {"decay", "gamma", "factor"})


def _counts_up(power: ast.expr, count: str) -> bool:
    """``i`` or ``i + 1``."""
    if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Add) and isinstance(power.right, ast.Constant):
        power = power.left
    return isinstance(power, ast.Name) and power.id == count


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
