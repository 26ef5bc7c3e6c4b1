"""The loss gets target and prediction in the wrong order.

## What it does

Finds a loss that gets target and prediction in the wrong order.

## Why is this bad

For cross-entropy, NLL, BCE and KL the order matters: gradient flows into the wrong place.

## Example

```python
model = nn.Linear(4, 1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(y, torch.sigmoid(model(x)))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(torch.sigmoid(model(x)), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    wanted = ("CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss", "KLDivLoss", "PoissonNLLLoss")
    for event in p.once("loss"):
        if event.name not in wanted or len(event.args) < 2 or not event.grad:
            continue
        first, second = event.args[0], event.args[1]
        if (
            second.grad
            and not first.grad
            and first.kind in ("tensor", "unknown")
            and any(v.name == "forward" or v.owner is not None for v in ancestors(second))
        ):
            known = any(v.name == "forward" or getattr(v.owner, "kind", "") == "module" for v in ancestors(first))
            if known and event.name != "KLDivLoss":
                continue
            yield p.report(
                "SB211",
                _handed_over(event) or event,
                f"{event.name} gets the target first and the prediction second: the arguments are swapped",
                why="the loss treats the labels as predictions, so its value and gradient are wrong",
                fix="Pass the prediction first: loss_fn(prediction, target)",
            )


_GUESS = {
    "s",
    "student",
    "pred",
    "preds",
    "prediction",
    "out",
    "output",
    "outputs",
    "logits",
    "scores",
    "input",
    "inputs",
}
_GOAL = {"t", "teacher", "target", "targets", "y", "label", "labels", "soft", "truth", "gt"}


def _handed_over(event: Event) -> tuple[ast.AST, Source] | None:
    """The call of the function around a loss, when the loss has its parameters in order and the call has not."""
    func = event.funcs[-1].node if event.funcs else None
    if func is None or not event.sites or not isinstance(event.node, ast.Call) or len(event.node.args) < 2:
        return None
    known = {a.arg for a in func.args.args}
    used = [{n.id for n in syntax.walk(a) if isinstance(n, ast.Name)} & known for a in event.node.args[:2]]
    first, second = ({w for n in names for w in words(n)} for names in used)
    if first & _GUESS and second & _GOAL and not first & _GOAL and not second & _GUESS:
        return event.sites[-1]
    return None
