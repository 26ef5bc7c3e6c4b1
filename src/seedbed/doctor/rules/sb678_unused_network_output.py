"""A network is trained whose output nothing uses.

## What it does

Finds models that an optimizer holds and that are called in training, while no name that gets their output is ever read:
an encoder whose hidden state does not reach the decoder.

## Why is this bad

The loss does not depend on the network, so it gets no gradient and stays as it was initialised.

## Example

```python
encoder, decoder = nn.GRU(4, 8, batch_first=True), nn.GRU(4, 8, batch_first=True)
opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for _ in range(10):
    x, y = torch.randn(5, 6, 4), torch.randn(5, 6, 8)
    states, hidden = encoder(x)
    out, _ = decoder(x, torch.zeros(1, 5, 8))
    loss = nn.functional.mse_loss(out, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
encoder, decoder = nn.GRU(4, 8, batch_first=True), nn.GRU(4, 8, batch_first=True)
opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for _ in range(10):
    x, y = torch.randn(5, 6, 4), torch.randn(5, 6, 8)
    states, hidden = encoder(x)
    out, _ = decoder(x, hidden)
    loss = nn.functional.mse_loss(out, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, syntax, training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = ownership.optimizers(p)
    if not p.complete or not table:
        return
    held = {id(m) for _, optimizer, _ in table for m in ownership.held(optimizer)}
    calls: dict[int, list[Event]] = {}
    for event in training.forwards(p):
        if event.recv is not None and event.recv.kind == "module":
            calls.setdefault(id(event.recv), []).append(event)
    for events in calls.values():
        first = events[0]
        module = first.recv
        if module is None or not first.loops or not first.grad or not _weighted(module):
            continue
        if not {id(m) for m in methods.submodules(module) if m.name.startswith(ownership.WEIGHTED)} & held:
            continue
        if any(training.trained_output(p, e.result) for e in events):
            continue
        names = _names(p, first)
        if not names or any(n != "_" and _read(p, n) for n in names):
            continue
        yield p.report(
            "SB678",
            first,
            f"the output of {module.var or module.name} ({', '.join(names)}) is never used: the loss does not need it",
            why="without a path from its output to the loss its parameters get no gradient, though the optimizer holds "
            "them",
            fix=f"Pass {names[-1]} on (the decoder's initial hidden state), or delete the call",
        )


def _weighted(module: Val) -> bool:
    parts = methods.submodules(module)
    return any(m.name.startswith(ownership.WEIGHTED) for m in parts) and not any("external" in m.tags for m in parts)


def _names(p: Program, event: Event) -> list[str]:
    """The names that the output of a call is given to, where it stands alone on the right side."""
    for node in p.nodes(ast.Assign):
        if node.value is event.node and len(node.targets) == 1:
            parts = list(syntax.walk(node.targets[0]))
            if all(isinstance(n, (ast.Name, ast.Tuple, ast.List, ast.Store)) for n in parts):
                return [n.id for n in parts if isinstance(n, ast.Name)]
    return []


def _read(p: Program, name: str) -> bool:
    """Whether a name is read anywhere in the file."""
    return any(n.id == name and isinstance(n.ctx, (ast.Load, ast.Del)) for n in p.nodes(ast.Name))
