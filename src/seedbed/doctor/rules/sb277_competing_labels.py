"""Softmax is used where several labels can be true at once.

## What it does

Finds softmax outputs in `BCELoss`, and models trained with `BCEWithLogitsLoss` on several outputs whose evaluation
uses softmax; and the other way round, models trained with cross-entropy that are read with a sigmoid.

## Why is this bad

Softmax makes the classes compete for a sum of 1: with two true labels neither can be above 0.5. A sigmoid of
cross-entropy logits is no probability: only their differences were trained.

## Example

```python
model = nn.Linear(4, 5)
x, y = torch.randn(50, 4), (torch.rand(50, 5) > 0.7).float()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(10):
    optimizer.zero_grad()
    F.binary_cross_entropy(F.softmax(model(x), dim=1), y).backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 5)
x, y = torch.randn(50, 4), (torch.rand(50, 5) > 0.7).float()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(10):
    optimizer.zero_grad()
    F.binary_cross_entropy(torch.sigmoid(model(x)), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import measures, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.labels import binary_labels
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_BINARY = ("BCEWithLogitsLoss", "BCELoss", "MultiLabelSoftMarginLoss")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name == "BCELoss" and len(event.args) > 1 and not _one_hot(event.args[1]):
            made = next((o for o in training.loss_origins(event.args[0]) if o.name == "softmax"), None)
            shape = event.args[0].shape
            if made is not None and (shape is None or len(shape) == 2) and not _picks(event.args[0]):
                yield p.report(
                    "SB277",
                    q.spot(made, event),
                    "BCELoss gets softmax outputs: several labels compete for a sum of 1 (sigmoid is needed)",
                    why="with two true labels neither probability can come above 0.5",
                    fix="Use a sigmoid for every label: BCEWithLogitsLoss on the logits",
                    related=((str(event.src.path), event.line, "the loss"),),
                )
    yield from _read_otherwise(p)
    yield from _one_of_several(p)
    yield from _several_in_cross_entropy(p)


def _one_of_several(p: Program) -> Iterator[Finding]:
    """Accuracy by argmax of a model with several labels."""
    several = {
        id(o.owner)
        for e in p.all("loss")
        if e.name in _BINARY and len(e.args) > 1 and not _one_hot(e.args[1]) and binary_labels(e.args[1]) is not None
        for o in training.loss_origins(e.args[0])
        if o.owner is not None and o.name in training.LOGIT_OPS
    }
    for event, left, right in measures.equalities(p) if several else ():
        for guess, truth in ((left, right), (right, left)):
            top = next((v for v in measures.elements(guess) if v.name == "argmax" and v.args), None)
            goal = next((v for v in measures.elements(truth) if v.name == "argmax" and v.args), None)
            if top is None or goal is None or f.from_model(goal) or _one_hot(goal):
                continue
            if any(id(o.owner) in several for o in training.loss_origins(top.args[0])):
                yield p.report(
                    "SB277",
                    event,
                    "argmax of several labels: a sample can have more than one (or none), and argmax takes the first",
                    why="the model has one sigmoid per label, so every label must be cut on its own",
                    fix="Compare (torch.sigmoid(logits) > 0.5) with the labels, per label",
                )
                break


def _several_in_cross_entropy(p: Program) -> Iterator[Finding]:
    """CrossEntropyLoss with a table of zeros and ones in which a row can have several ones."""
    for event in p.once("loss"):
        if event.name != "CrossEntropyLoss" or len(event.args) < 2 or not p.trained(event.result):
            continue
        target = event.args[1]
        if target.shape is None or len(target.shape) != 2 or _one_hot(target):
            continue
        scores = event.args[0].shape
        if target.shape[1] == 1 or (scores is not None and len(scores) != 2) or _numbered(target):
            continue  # one class number for each position is no table
        made = next((v for v in q.chain(target) if v.name in ("compare", "where")), None)
        if made is None or made.name == "where" or not made.tags & {"Gt", "Lt", "GtE", "LtE"}:
            continue
        if any(v.name == "div" for v in q.chain(target)):
            continue
        yield p.report(
            "SB277",
            event.recv if event.recv is not None and event.recv.line else event,
            "CrossEntropyLoss gets several labels per sample (a multi-hot table): its softmax lets them compete",
            why="the targets of a row must sum to 1 there; with several ones per row the loss has no meaning",
            fix="Use BCEWithLogitsLoss: one sigmoid for every label (multi-label)",
        )


def _numbered(target: Val) -> bool:
    """Whether targets are whole numbers: the loss reads those as class numbers, and takes a table as floats only."""
    return target.dtype in ("long", "int", "int64") or any(v.name == "long" for v in q.chain(target)[:3])


def _read_otherwise(p: Program) -> Iterator[Finding]:
    """Outputs that are trained with one link function and read with the other."""
    trained: dict[int, set[str]] = {}
    wide: set[int] = set()
    for event in p.all("loss"):
        if event.name not in (*_BINARY, "CrossEntropyLoss") or not event.args or not event.grad:
            continue
        for made in training.loss_origins(event.args[0]):
            if made.owner is not None and made.name in training.LOGIT_OPS:
                trained.setdefault(id(made.owner), set()).add("bce" if event.name in _BINARY else "ce")
                count = made.owner.number(1, "out_features")
                if isinstance(count, int) and count > 1 and not (len(event.args) > 1 and _one_hot(event.args[1])):
                    wide.add(id(made.owner))
    seen: set[int] = set()
    for event in p.all("call", "forward") if trained else ():
        val = event.result
        if val is None or val.kind != "tensor" or val.name not in ("softmax", "sigmoid") or not val.args:
            continue
        if id(val.node) in seen or p.trained(val):
            continue
        owners = {id(o.owner) for o in training.loss_origins(val.args[0]) if o.owner is not None}
        kinds = {k for o in owners for k in trained.get(o, ())}
        if not owners <= wide or kinds != ({"bce"} if val.name == "softmax" else {"ce"}) or not owners:
            continue
        seen.add(id(val.node))
        had, need = ("BCEWithLogitsLoss", "sigmoid") if val.name == "softmax" else ("CrossEntropyLoss", "softmax")
        yield p.report(
            "SB277",
            val,
            f"the model is trained with {had}, but its logits are read with {val.name}: {need} belongs to that loss",
            why="the values are not the probabilities that were trained, so thresholds and confidences are wrong",
            fix=f"Use {need} on the logits",
        )


def _one_hot(val: Val) -> bool:
    return any(
        v.name in ("one_hot", "scatter_", "scatter", "eye", "label_binarize", "get_dummies")
        for v in ancestors(val, limit=60)
    )


def _picks(val: Val) -> bool:
    """Whether one class is picked from the softmax."""
    return any(v.name in ("getitem", "gather") for v in (val, *q.seen_through(val)))
