"""Top-k accuracy is averaged over the k guesses too.

## What it does

Finds `(x.topk(k).indices == y[:, None]).mean()`: the mean is over samples and over the k guesses.

## Why is this bad

At most one of the k guesses can be right, so the result is divided by k: a perfect top-5 accuracy reads 0.2.

## Example

```python
model = nn.Linear(4, 10)
model.eval()
with torch.no_grad():
    top = model(x_test).topk(5, dim=1).indices
    accuracy = (top == y_test.unsqueeze(1)).float().mean()
```

## Use instead

```python
model = nn.Linear(4, 10)
model.eval()
with torch.no_grad():
    top = model(x_test).topk(5, dim=1).indices
    accuracy = (top == y_test.unsqueeze(1)).any(dim=1).float().mean()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("mean"):  # a helper is asked for several k: each of its calls counts
        made = event.result
        if id(event.node) in seen:
            continue
        if (
            made is None
            or made.name != "mean"
            or made.kind != "tensor"
            or not made.args
            or len(made.args) > 1
            or made.kwargs
        ):
            continue
        inner = f.core(made.args[0])
        if inner.name not in ("compare", "eq"):
            continue
        top = next((t for a in inner.args for t in [f.core(a)] if t.name == "topk_indices"), None)
        count = top.number(1, "k") if top is not None else None
        if top is not None and count != 1:
            seen.add(id(event.node))
            yield p.report(
                "SB338",
                event,
                f"top-k accuracy is averaged over the k guesses too: it is divided by {count or 'k'}",
                why="at most one of the k guesses equals the label, so even a perfect model gets 1 / k",
                fix="Ask whether any guess is right first: (top == y[:, None]).any(dim=1).float().mean()",
            )
