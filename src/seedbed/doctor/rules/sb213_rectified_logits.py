"""ReLU on the output: logits below zero are lost.

## What it does

Finds a ReLU on the logits.

## Why is this bad

Negative scores become zero: wrong classes cannot be pushed down, and units that fall below zero never come
back.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), nn.ReLU())
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _leaky(p)
    for event in p.once("loss"):
        if event.name in ("BCELoss", "NLLLoss"):
            yield from _squashed(p, event)
        if event.name not in ("CrossEntropyLoss", "BCEWithLogitsLoss", "NLLLoss", "MultiMarginLoss"):
            continue
        logits = event.arg(0, "input")
        found = training.loss_origins(logits)
        for made in found:
            if _between(p, made) or any(o.name in training.LOGIT_OPS for o in found):
                continue  # an activation that a choice leaves out
            if made.kind == "tensor" and made.name in ("relu", "relu6"):
                yield p.report(
                    "SB213",
                    q.spot(made, event),
                    f"ReLU on the logits before {event.name}: scores below zero are lost",
                    why="logits must be free to be negative; ReLU gives no gradient below zero, so classes die",
                    fix="Delete the activation after the last layer",
                    related=((str(event.src.path), event.line, "the loss"),),
                )


def _squashed(p: Program, event: Event) -> Iterator[Finding]:
    """``sigmoid(relu(x))`` before BCELoss, ``log_softmax(relu(x))`` before NLLLoss."""
    for made in training.loss_origins(event.arg(0, "input")):
        if made.name not in ("sigmoid", "softmax", "log_softmax", "log_sigmoid", "logsigmoid") or not made.args:
            continue
        inner = training.loss_origins(made.args[0])
        if len(inner) != 1 or inner[0].name not in ("relu", "relu6") or _between(p, inner[0]):
            continue
        layer = training.loss_origins(inner[0].args[0]) if inner[0].args else []
        if not layer or any(v.name not in ("Linear", "Conv2d", "Conv1d", "linear", "add") for v in layer):
            continue
        range_ = "probabilities are never below 0.5" if made.name == "sigmoid" else "scores below zero are lost"
        yield p.report(
            "SB213",
            q.spot(inner[0], event),
            f"ReLU on the logits before {made.name}: {range_}",
            why="logits must be free to be negative; ReLU gives no gradient below zero, so the output cannot say no",
            fix="Delete the ReLU after the last layer",
            related=((str(event.src.path), event.line, "the loss"),),
        )


_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")


def _leaky(p: Program) -> Iterator[Finding]:
    """``sigmoid(leaky_relu(layer(x)))`` as the output of the model: what is below zero counts a hundredth."""
    seen: set[int] = set()
    for event in training.forwards(p):
        made = event.result
        if made is None or event.depth or not training.trained_output(p, made):
            continue
        for out in (*made.options(), *(made.items or [])):
            for last in training.loss_origins(out):
                inner = training.loss_origins(last.args[0]) if last.name == "sigmoid" and last.args else []
                for one in (_uncut(v) for v in inner):
                    layer = training.loss_origins(one.args[0]) if one.name == "leaky_relu" and one.args else []
                    if not layer or any(v.name not in _LAYERS for v in layer) or id(one.node) in seen:
                        continue
                    if len(inner) > 1 or _between(p, one):
                        continue
                    seen.add(id(one.node))
                    yield p.report(
                        "SB213",
                        q.spot(one, event),
                        "leaky ReLU on the logits before sigmoid: negative scores are shrunk, so probabilities stay "
                        "near or above 0.5",
                        why="to say 0.01 the layer must give a score of about -460; it learns very slowly to say no",
                        fix="Delete the activation after the last layer",
                    )


def _uncut(val: Val) -> Val:
    """What a slice was cut from."""
    while val.name == "getitem" and val.args:
        val = val.args[0]
    return val


def _between(p: Program, made: Val) -> bool:
    """Whether a branch inside the loop over the layers leaves the activation out after the last one."""
    return any(e.result is made and e.conds and e.loops for e in p.all("call", "forward"))
