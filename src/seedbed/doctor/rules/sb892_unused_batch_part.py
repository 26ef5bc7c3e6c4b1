"""A part of the batch that is made for the loss is never read: the input is its own target.

## What it does

Finds training loops that unpack a clean (or noisy, degraded, masked) version, weights or a mask from each batch and
never read it, and measures that compare an output with the very input of the model although training has another
target.

## Why is this bad

A denoiser that is trained on `loss(net(noisy), noisy)` learns to copy the noise, and the loss looks perfect.

## Example

```python
net = nn.Conv2d(1, 1, 3, padding=1)
optimizer = torch.optim.Adam(net.parameters())
for noisy, clean in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(net(noisy), noisy)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
net = nn.Conv2d(1, 1, 3, padding=1)
optimizer = torch.optim.Adam(net.parameters())
for noisy, clean in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(net(noisy), clean)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_PAIRED = frozenset(["clean", "noisy", "degraded", "blurred", "blurry", "sharp", "corrupted", "hires", "lowres"])
_WEIGHTS = frozenset(["weight", "weights", "mask", "masks"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for loop in q.nodes(p, ast.For):
        target = loop.target
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and isinstance(target.elts[1], ast.Tuple):
            target = target.elts[1]  # for step, (x, y) in enumerate(loader)
        if not isinstance(target, ast.Tuple) or not all(isinstance(e, ast.Name) for e in target.elts):
            continue
        inner = [n for s in loop.body for n in syntax.walk(s)]
        back = [n for n in inner if isinstance(n, ast.Attribute) and n.attr == "backward"]
        read = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if not back or read & {"locals"}:
            continue
        names = [e.id for e in target.elts if isinstance(e, ast.Name)]
        unread = [n for n in names if n not in read and set(words(n)) & (_PAIRED | _WEIGHTS)]
        if len(unread) != 1 or len(names) < 2:
            continue
        losses = [n for n in inner if isinstance(n, ast.Assign) and _is_loss(n)]
        what = "the weights or mask" if set(words(unread[0])) & _WEIGHTS else "its counterpart"
        yield p.report(
            "SB892",
            (losses[0] if losses else loop, p.source),
            f"{unread[0]} is unpacked from the batch and never read: {what} takes no part in the loss "
            "(the input is compared with itself)",
            why="the model is trained without it: it learns to copy its input, or positions count that should not",
            fix=f"Use {unread[0]} in the loss",
            related=((str(p.source.path), loop.lineno, "the loop"),),
        )


def _is_loss(node: ast.Assign) -> bool:
    return any("loss" in words(syntax.text(t).replace(".", "_")) for t in node.targets) and any(
        isinstance(n, ast.Call) for n in syntax.walk(node.value)
    )
