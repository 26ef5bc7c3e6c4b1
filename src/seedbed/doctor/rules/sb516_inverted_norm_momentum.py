"""BatchNorm momentum counts the new batch: 0.9 is not smooth.

## What it does

Finds BatchNorm momentum in the sense of other frameworks, and momentum that is given as the second argument,
which is eps.

## Why is this bad

In torch the momentum is the weight of the new batch. 0.9 or 0.99 makes the running statistics those of the
last batch. As eps it is added to the variance.

## Example

```python
norm = nn.BatchNorm1d(16, momentum=0.99)
```

## Use instead

```python
norm = nn.BatchNorm1d(16, momentum=0.01)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_makers("module"):
        made = event.result
        if (
            made is None
            or made.kind != "module"
            or not made.name.startswith(("BatchNorm", "InstanceNorm", "SyncBatchNorm"))
        ):
            continue
        eps = made.number(1, "eps")
        if isinstance(eps, (int, float)) and 0.05 <= eps < 1 and "eps" not in made.kwargs:
            yield p.report(
                "SB516",
                event,
                f"{made.name}(channels, {eps}): the second argument is eps, not the momentum",
                why=f"{eps} is added to the variance before the square root, so features of a small variance are not "
                "normalised, and the momentum stays at its default",
                fix=f"Name it: momentum={round(1 - eps, 4) if eps > 0.5 else eps}",
            )
        momentum = made.number(2, "momentum")
        if isinstance(momentum, (int, float)) and momentum >= 0.8:
            yield p.report(
                "SB516",
                event,
                f"{made.name} momentum={momentum} is the weight of the new batch: the running statistics "
                f"follow the last batch",
                why="torch's momentum is 1 minus that of Keras or the papers, so evaluation uses noisy statistics",
                fix=f"Use momentum={round(1 - momentum, 4) or 0.1} (the default is 0.1)",
                severity=Severity.HINT if momentum == 1 and not _evaluates(p) else None,
            )


def _evaluates(p: Program) -> bool:
    """Whether the statistics are ever used; a momentum of 1, which no other library has, may say that they are not."""
    return any(e.name == "eval" for e in p.all("mode"))
