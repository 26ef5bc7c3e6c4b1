"""Weights are all equal: units never differ.

## What it does

Finds weights that are initialised with one constant.

## Why is this bad

All units of the layer compute the same and get the same gradient: they never become different.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.constant_(layer.weight, 0.1)
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_uniform_(layer.weight)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_LAST = re.compile(r"head|classifier|last|final|output")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("init", "inplace"):
        if id(event.node) in seen or event.recv is None:
            continue
        if event.kind == "init" and event.name not in ("zeros_", "ones_", "constant_"):
            continue
        if event.kind == "inplace" and event.name not in ("zero_", "fill_"):
            continue
        if _is_store(event.recv) or _is_last(event) or (event.name in ("zeros_", "zero_") and "[-1]" in _said(event)):
            continue
        if event.recv.name == "grad" or any(v.name == "grad" for v in ancestors(event.recv, limit=4)):
            continue
        subjects = [
            v
            for v in ancestors(event.recv, limit=8)
            if v.kind in ("module", "phi", "unknown", "params") or v.name == "parameter"
        ]
        bias = any("bias" in v.tags or v.name == "bias" for v in subjects) or "bias" in ast.unparse(event.node)
        text = ast.unparse(event.node)
        if bias or ("weight" not in text and not any(v.kind == "params" for v in subjects)):
            continue
        if event.funcs and any("norm" in f.owner.name.lower() for f in event.funcs if f.owner is not None):
            continue
        flat = [v for v in ancestors(event.recv, limit=8) if v.name == "Parameter"]
        if flat and not any(v.shape is not None and len(v.shape) >= 2 for v in flat):
            continue
        named = [v for v in subjects if v.kind == "module"]
        generic = event.loops or any(f.name != "__init__" for f in event.funcs)
        if any("Norm" in v.name or v.name == "Embedding" for v in named) or any(
            "norm" in ast.unparse(c[0].test).lower() for c in event.conds if isinstance(c[0], ast.If)
        ):
            continue
        if any("norm" in text.lower() or w in text.lower() for w in ("bn", "zero_init", "ln", "gamma", "scale", "emb")):
            continue
        if any(v.name in ("filter_bias",) for v in subjects):
            continue
        if named and not generic and not _feeds(p, named[0]):
            continue
        if (
            event.conds
            and any(
                "dim" in ast.unparse(c[0].test) or "bias" in ast.unparse(c[0].test) or "pad" in ast.unparse(c[0].test)
                for c in event.conds
                if isinstance(c[0], ast.If)
            )
            and c_arm(event)
        ):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB507",
            event,
            f"constant initialisation of weights ({event.name}): all units of the layer are identical",
            why="they compute the same, get the same gradient and never become different (symmetry is not broken)",
            fix="Use a random initialisation such as nn.init.kaiming_uniform_ (zeros are fine for biases)",
        )
    yield from _leaves(p)


def _is_store(val: Val) -> bool:
    """Whether it belongs to a copy: a store of the same shapes, filled later."""
    return any("deepcopy" in v.tags for v in ancestors(val, limit=12))


def _said(event: Event) -> str:
    return ast.unparse(event.node)


def _is_last(event: Event) -> bool:
    """Whether the branch is that of the last layer: zeros learn there, because the inputs differ."""
    return any(isinstance(c[0], ast.If) and _LAST.search(ast.unparse(c[0].test)) for c in event.conds)


def _leaves(p: Program) -> Iterator[Finding]:
    """Hidden weight matrices that are made of one constant."""
    for event in p.once("call"):
        made = event.result
        if (
            made is None
            or made.name not in ("zeros", "ones", "full")
            or "leaf" not in made.tags
            or made.shape is None
            or len(made.shape) != 2
        ):
            continue
        sizes = [s for s in made.shape if isinstance(s, int)]
        others = [
            e.result
            for e in p.all("call")
            if e.result is not None
            and "leaf" in e.result.tags
            and e.result is not made
            and len(e.result.shape or ()) == 2
            and e.result.kind == "tensor"
        ]
        if len(sizes) == 2 and min(sizes) > 1 and others and made.seq < max(o.seq for o in others):
            yield p.report(
                "SB507",
                event,
                f"a hidden weight matrix starts at constant {made.name}: all units are identical",
                why="they get the same gradient and never become different (symmetry is not broken)",
                fix="Start from small random numbers: torch.randn(n_in, n_out) / n_in**0.5",
            )


def _feeds(p: Program, layer: Val) -> bool:
    """Whether another weighted layer follows this one."""
    outs = [e.result for e in p.all("forward") if e.recv is layer and e.result is not None]
    for event in p.all("forward"):
        if event.recv is not layer and event.name in ("Linear", "Conv2d", "Conv1d") and event.args:  # noqa: SIM102
            if any(o in ancestors(event.args[0], limit=40) for o in outs):
                return True
    return False


def c_arm(event: Event) -> bool:
    """Whether the constant is set in the branch for biases."""
    node = event.conds[-1][0]
    return event.conds[-1][1] == 1 or (isinstance(node, ast.If) and "bias" in ast.unparse(node.test))
