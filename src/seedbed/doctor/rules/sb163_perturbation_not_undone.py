"""The weights are moved along the gradient to look there, and not moved back before the step.

## What it does

Finds a sharpness-aware step (SAM): the weights are changed with the gradient, a second ``backward()`` follows, and the
optimizer steps from the changed weights.

## Why is this bad

The second gradient belongs to the moved place, but the step must start from the old weights. Otherwise every round
climbs the loss by the size of the perturbation first.

## Example

```python
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    with torch.no_grad():
        for w in model.parameters():
            w.add_(0.05 * w.grad / (w.grad.norm() + 1e-12))
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    moves = []
    with torch.no_grad():
        for w in model.parameters():
            moves.append(0.05 * w.grad / (w.grad.norm() + 1e-12))
            w.add_(moves[-1])
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    with torch.no_grad():
        for w, e in zip(model.parameters(), moves):
            w.sub_(e)
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb131_ascending_update import is_parameter
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program

_CHANGES = ("inplace", "manual", "attribute", "restore", "augment", "setitem")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    order = p.all("backward", "step", "scaler_step")
    for move in p.all("manual"):
        if move.name not in ("add_", "Add") or not move.loops or id(move.node) in seen or move.recv is None:
            continue
        if not any(is_parameter(v) for v in q.memory(move.recv)):
            continue
        before = [e for e in order if e.seq < move.seq and e.loops[:1] == move.loops[:1]]
        after = [e for e in order if e.seq > move.seq and e.loops[:1] == move.loops[:1]]
        if not before or before[-1].kind != "backward" or [e.kind == "backward" for e in after[:2]] != [True, False]:
            continue
        again, step = after[0], after[1]
        if before[-1].name == "grad" or again.name == "grad" or step.args or _undone(p, move, step):
            continue
        seen.add(id(move.node))
        yield p.report(
            "SB163",
            step,
            "the weights are perturbed along the gradient and not restored before optimizer.step() (SAM)",
            why=f"line {move.line} moves the weights up the loss; the step then starts from there and not from the "
            "old weights",
            fix="Subtract the perturbation again (p.sub_(e)) after the second backward(), before step()",
            related=(
                (str(move.src.path), move.line, "moved here"),
                (str(again.src.path), again.line, "second backward()"),
            ),
        )


def _undone(p: Program, move: Event, step: Event) -> bool:
    """Whether anything else writes into weights between the move and the step."""
    for event in p.all(*_CHANGES):
        if not move.seq < event.seq < step.seq or event.node is move.node or event.recv is None:
            continue
        if event.kind == "attribute" and event.name in ("grad", "requires_grad"):
            continue
        if event.kind == "setitem" and event.recv.kind in ("dict", "list", "state", "unknown", "instance"):
            continue
        if event.kind == "augment" and event.recv.kind in ("const", "number"):
            continue
        return True
    return False
