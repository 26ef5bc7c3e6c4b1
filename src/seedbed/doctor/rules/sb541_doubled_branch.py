"""A residual block adds its branch to itself instead of to its input.

## What it does

Finds `out + out` and `out += out` in a `forward`: both sides are the same value.

## Why is this bad

The skip connection is gone: the block gives twice its branch. A deep stack of such blocks trains like a plain one,
with activations that double from block to block.

## Example

```python
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))

    def forward(self, x):
        x = self.layers(x)
        return torch.relu(x + x)

Block()(torch.randn(4, 8))
```

## Use instead

```python
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))

    def forward(self, x):
        return torch.relu(x + self.layers(x))

Block()(torch.randn(4, 8))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    inside = [
        m.owner.node
        for c in p.classes
        if c.base == "module" and c.src is p.source and (m := c.scope.vars.get("forward")) and m.kind == "func"
    ]
    seen: set[int] = set()
    for val in _joined(p) if inside else ():
        if id(val.node) not in seen and any(any(n is val.node for n in syntax.walk(body)) for body in inside):
            seen.add(id(val.node))
            yield p.report(
                "SB541",
                val,
                "features are concatenated with themselves: the skip connection (the encoder's features) is lost",
                why="both halves are the same tensor, so the join adds nothing; the other branch was meant",
                fix="Join with the features of the skip connection: torch.cat([up, skip], dim=1)",
                severity=q.doubtful(p),
            )
    for val in p.made("add") if inside else ():
        if len(val.args) != 2 or not val.grad or id(val.node) in seen or not _doubled(val):
            continue
        if not any(any(n is val.node for n in syntax.walk(body)) for body in inside):
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB541",
            val,
            "both sides of the sum are the same value: the residual (skip connection) is lost, the branch is doubled",
            why="the input of the block is not added (another name was written, or it was overwritten before), "
            "so there "
            "is no skip connection",
            fix="Add the input of the block: return x + self.layers(x)",
            severity=q.doubtful(p),
        )


def _doubled(val: Val) -> bool:
    """Whether a value is added to itself."""
    one, two = val.args
    return one is two and one.kind == "tensor" and one.grad


def _joined(p: Program) -> Iterator[Val]:
    """``cat([up, up], dim=1)``: features joined with themselves along the channels."""
    for val in p.made("cat", "concat"):
        parts = val.args[0].items if val.args and val.args[0].kind in ("list", "tuple") else None
        axis = val.number(1, "dim")
        if parts and len(parts) == 2 and parts[0] is parts[1] and axis in (1, -1) and parts[0].kind == "tensor":  # noqa: SIM102
            if parts[0].grad and _image_features(parts[0]):
                yield val


def _image_features(val: Val) -> bool:
    """Whether a value is what a convolution or an enlargement gave, as in a U-Net."""
    return any(
        v.name == "interpolate"
        or (v.owner is not None and v.owner.kind == "module" and v.name.startswith(("Conv", "Up")))
        for v in ancestors(val, limit=6)
    )
