"""The metric is computed on the last batch only.

## What it does

Finds metrics that are taken from the last batch of an evaluation loop only.

## Why is this bad

The printed accuracy is that of a few samples.

## Example

```python
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        acc = (model(x).argmax(1) == y).float().mean().item()
print(acc)
```

## Use instead

```python
correct = count = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        correct += (model(x).argmax(1) == y).sum().item()
        count += len(y)
print(correct / count)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import metering, rounds
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(rounds.is_loader_loop_event(e) for e in p.all("loop")):
        return
    seen: set[int] = set()
    for event in p.all("call", "return"):
        name = event.name.rsplit(".", 1)[-1]
        if event.kind == "call" and name not in ("print", "info", "append", "add_scalar", "log"):
            continue
        values = [*event.args] if event.kind == "call" else [event.result]
        for val in values:
            for metric in metering.measured_values(val):
                loop = rounds.loop_of(p, metric)
                if loop is None or any(f.node is loop.node for f in event.loops) or id(metric.node) in seen:
                    continue
                if not rounds.is_loader_loop(loop) or any(b.inside(loop) for b in p.all("backward")):
                    continue
                if event.line <= loop.line and event.src is loop.src and event.kind == "call":
                    continue
                if any(r.loop is not None and r.loop.node is loop.node for r in p.all("break", "return")):
                    continue
                seen.add(id(metric.node))
                yield p.report(
                    "SB308",
                    metric,
                    "the metric is overwritten in every batch: only the last batch is reported",
                    why=f"line {event.line} uses the value after the loop, so all batches but the last are ignored",
                    fix="Accumulate over the loop: correct += ..., count += len(y)",
                    related=((str(event.src.path), event.line, "used here"),),
                )
