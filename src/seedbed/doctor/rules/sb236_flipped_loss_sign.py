"""The sign of the loss is wrong: training makes it worse.

## What it does

Finds losses with the wrong sign: a negated cross-entropy or error, or a log-likelihood that is minimised.

## Why is this bad

The optimizer minimises. With the wrong sign it makes the model worse at every step.

## Example

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = -F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    known = {
        "CrossEntropyLoss",
        "MSELoss",
        "L1Loss",
        "NLLLoss",
        "BCEWithLogitsLoss",
        "BCELoss",
        "SmoothL1Loss",
        "HuberLoss",
    }
    seen: set[int] = set()
    for back in p.once("backward"):
        root = back.recv
        if root is None or back.name == "grad" or (q.optimizers(p) and not any(ms for _, _, ms in q.optimizers(p))):
            continue
        leaves = q.signed_terms(root)
        losses = [(s, v) for s, v in leaves if v.name == "loss" and v.tags & known]
        logs = [(s, v) for s, v in leaves if v.name in ("log", "log_softmax", "log_prob", "logsigmoid")]
        up = any(
            o.kwargs.get("maximize") is not None and o.kwargs["maximize"].const is True for _, o, _ in q.optimizers(p)
        )
        if losses and all(s == (1 if up else -1) for s, _ in losses) and id(back.node) not in seen:
            if len(leaves) > len(losses) and not up:
                continue
            seen.add(id(back.node))
            where = losses[0][1]
            yield p.report(
                "SB236",
                where,
                "the sign of the loss is wrong: "
                + ("maximize=True climbs the loss" if up else "it is negated, so training maximises it"),
                why="the optimizer minimises what backward() gets, so the error grows with every step",
                fix="Remove the minus sign (or maximize=True)",
                related=((str(back.src.path), back.line, "backward()"),),
            )
        elif (
            logs
            and not losses
            and len(logs) == len(leaves)
            and all(s == 1 for s, _ in logs)
            and not up
            and id(back.node) not in seen
        ):
            seen.add(id(back.node))
            yield p.report(
                "SB236",
                logs[0][1],
                "a log-likelihood is minimised: the minus sign is missing",
                why="the optimizer minimises, so it makes the right answers less likely",
                fix="Negate it: loss = -log_prob.mean()",
                related=((str(back.src.path), back.line, "backward()"),),
            )
