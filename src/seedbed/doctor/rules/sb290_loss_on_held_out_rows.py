"""The loss covers all nodes (rows), those kept for the test too.

## What it does

Finds losses over a whole tensor of labels of which a masked part is measured as validation or test.

## Why is this bad

The test labels are trained on. In transductive learning (graphs) the model sees all nodes, but the loss must see
the training mask only.

## Example

```python
x, y = torch.randn(100, 8), torch.randint(0, 3, (100,))
test_mask = torch.rand(100) < 0.3
train_mask = ~test_mask
model = nn.Linear(8, 3)
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(20):
    optimizer.zero_grad()
    out = model(x)
    F.cross_entropy(out, y).backward()
    optimizer.step()
pred = model(x).argmax(1)
print((pred[test_mask] == y[test_mask]).float().mean())
```

## Use instead

```python
x, y = torch.randn(100, 8), torch.randint(0, 3, (100,))
test_mask = torch.rand(100) < 0.3
train_mask = ~test_mask
model = nn.Linear(8, 3)
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(20):
    optimizer.zero_grad()
    out = model(x)
    F.cross_entropy(out[train_mask], y[train_mask]).backward()
    optimizer.step()
pred = model(x).argmax(1)
print((pred[test_mask] == y[test_mask]).float().mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import pairs
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_HELD = frozenset(["test", "val", "valid", "validation", "eval", "holdout", "dev"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    held: dict[int, Val] = {}
    for event in p.all("getitem"):
        key = event.args[0] if event.args else None
        if event.recv is None or key is None or key.kind not in ("tensor", "unknown") or key.line == 0:
            continue
        if _HELD & set(words(key.var)):
            held.setdefault(id(f.core(event.recv)), key)
    seen: set[int] = set()
    losses = [(e.args[0], e.args[1], e) for e in p.once("loss") if len(e.args) > 1 and p.trained(e.result)]
    for pred, target, event in [*losses, *pairs(p)] if held else ():
        goal = f.core(target)
        key = held.get(id(goal))
        if key is None or not pred.grad or id(event.node) in seen or not f.from_model(pred):
            continue
        if goal.name in ("batch", "part", "getitem", "element") or event.kwargs.get("weight") is not None:
            continue
        if any(u.name in ("mul", "getitem") and p.trained(u) for u in q.users(p, event.result or goal)):
            continue  # a loss per row that is masked afterwards
        seen.add(id(event.node))
        yield p.report(
            "SB290",
            event,
            f"the loss covers all nodes (rows), those of {key.var} too: the training mask is missing, test labels leak",
            why="the labels that are measured later are trained on, so the test score is too good",
            fix="Index both with the training mask: loss(out[train_mask], y[train_mask])",
            related=(q.place(key),),
        )
