"""The weights are float16: small updates are lost.

## What it does

Finds training of a model whose weights are float16.

## Why is this bad

An update smaller than a thousandth of the weight is lost in rounding; gradients underflow.

## Example

```python
model = nn.Linear(4, 3).half()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
scaler = torch.amp.GradScaler("cuda")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    with torch.autocast("cuda", dtype=torch.float16):
        loss = F.cross_entropy(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static.program import Program

_HALVES = {
    "torch.float16": ("float16", 3),
    "torch.half": ("float16", 3),
    "torch.bfloat16": ("bfloat16", 2),
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for move in p.once("move"):
        kinds = [_HALVES[a.name] for v in (*move.args, *move.kwargs.values()) for a in v.options() if a.name in _HALVES]
        kinds += [_HALVES[f"torch.{move.name}"]] if move.name in ("half", "bfloat16") else []
        if not kinds or move.recv is None or not training.learns(p, move.recv):
            continue
        if not any(
            any(o is h for o in move.recv.options() for h in ownership.held(opt))
            for _, opt, _ in ownership.optimizers(p)
        ):
            continue
        kind, digits = kinds[0]
        if kind == "bfloat16" and any("external" in m.tags for m in methods.submodules(move.recv)):
            continue  # large pretrained models are tuned in bfloat16 on purpose
        yield p.report(
            "SB706",
            move,
            f"the trained weights are {kind}: small updates and gradients are lost",
            why=f"{kind} has only {digits} decimal digits, so updates that are small beside a weight are rounded away",
            fix="Keep float32 weights and use autocast (with a GradScaler for float16)",
            severity=training.shown(p, [o for o in move.recv.options() if o.kind == "module"]),
        )
