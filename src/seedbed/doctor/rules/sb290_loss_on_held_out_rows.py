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
    held = _held_out(p)
    seen: set[int] = set()
    both = ((e.arg(0, "input"), e.arg(1, "target"), e) for e in p.once("loss") if p.trained(e.result))
    losses = [(out, goal, e) for out, goal, e in both if out is not None and goal is not None]
    for pred, target, event in [*losses, *pairs(p)] if held else ():
        goal = f.core(target)
        key = held.get(id(goal))
        if key is not None and (_filled(p, target)):
            continue
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
            f"the loss covers all nodes (rows), those of {_named(key)} too: the training mask is missing, test labels "
            "leak",
            why="the labels that are measured later are trained on, so the test score is too good",
            fix="Index both with the training mask: loss(out[train_mask], y[train_mask])",
            related=(q.place(key),),
        )


def _held_out(p: Program) -> dict[int, Val]:
    """Labels (by id) of which a part is measured that is kept for validation or test, with what picks the part."""
    held: dict[int, Val] = {}
    parts: dict[int, dict[object, Val]] = {}
    for event in p.all("getitem"):
        key = event.args[0] if event.args else None
        if event.recv is None or key is None or key.kind not in ("tensor", "unknown", "phi") or key.line == 0:
            continue
        for labels in _labels(event.recv):
            if _HELD & set(words(key.var)):
                held.setdefault(id(labels), key)
            else:
                known = parts.setdefault(id(labels), {})
                known.update(dict.fromkeys(_cuts(p, key), key))
    for place, known in parts.items():
        if len(known) > 1 and place not in held:
            held[place] = next(iter(known.values()))
    return held


def _labels(rows: Val) -> list[Val]:
    """The labels whose rows these are: themselves, or what a prediction is compared with."""
    one = f.core(rows)
    for _ in range(4):
        if one.name in ("abs", "pow", "square", "neg", "logical_not", "invert") and one.args:
            one = f.core(one.args[0])
    if one.name in ("compare", "eq", "ne", "sub") and len(one.args) == 2:
        return [f.core(a) for a in one.args if not f.from_model(a)]
    return [one]


_ORDERS = ("randperm", "permutation", "np_permutation")


def _cuts(p: Program, key: Val) -> set[object]:
    """Which slices of a random order of the rows an index, or a mask that is filled by such slices, stands for."""
    found: set[object] = set()
    stack, seen = [key], set[int]()
    while stack and len(seen) < 40:
        one = f.core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name == "getitem" and len(one.args) > 1 and one.args[1].kind == "slice":
            if f.core(one.args[0]).name in _ORDERS:
                found.add((id(f.core(one.args[0]).node), id(one.args[1].node)))
        elif one.name == "part" and one.args and one.args[0].name == "split" and one.args[0].args:
            if f.core(one.args[0].args[0]).name in _ORDERS:
                found.add((id(one.args[0].node), one.place))
        elif one.name in ("zeros", "full", "zeros_like"):
            for event in p.all("setitem"):
                if event.recv is not None and f.core(event.recv) is one and event.args:
                    stack.extend(event.args[0].items or event.args[:1])
        elif one.kind == "phi" or one.name in ("element", "getitem"):
            stack.extend(one.args if one.kind == "phi" else one.args[:1])
        elif one.kind in ("list", "tuple", "dict") and one.items:
            stack.extend(one.items)
    return found


def _filled(p: Program, target: Val) -> bool:
    """Whether entries of the target, or of what it is a copy of, are replaced (-100 where there is no label)."""
    steps = {id(v) for v in (target, *q.seen_through(target))}
    return any(e.recv is not None and id(e.recv) in steps for e in p.all("setitem", "masked_fill_", "index_fill_"))


def _named(key: Val) -> str:
    return key.var if len(key.var) > 2 else "the validation and test parts"
