"""One loss is added to itself: the second call has the same arguments as the first.

## What it does

Finds sums that are trained in which two terms are the same loss of the same values, such as
`cross_entropy(logits, y) + cross_entropy(logits, y)`, and functions that get one loss for two of their parameters
while the other loss is computed beside it.

## Why is this bad

A copied line was not changed: the second direction, head or task is never trained, and the first counts twice.

## Example

```python
image, text = nn.Linear(8, 4), nn.Linear(6, 4)
optimizer = torch.optim.Adam([*image.parameters(), *text.parameters()])
for x, t in loader:
    logits = F.normalize(image(x), dim=1) @ F.normalize(text(t), dim=1).T / 0.1
    target = torch.arange(len(x))
    loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits, target)) / 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
image, text = nn.Linear(8, 4), nn.Linear(6, 4)
optimizer = torch.optim.Adam([*image.parameters(), *text.parameters()])
for x, t in loader:
    logits = F.normalize(image(x), dim=1) @ F.normalize(text(t), dim=1).T / 0.1
    target = torch.arange(len(x))
    loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import is_loss, words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        all_terms = f.chosen_terms(back.recv) if back.recv is not None else []
        terms = [(term, when) for sign, term, when in all_terms if sign == 1 and term.name == "loss"]
        for index, (term, when) in enumerate(terms):
            twin = next((t for t, w in terms[:index] if _alike(t, term) and f.together(w, when)), None)
            if twin is None or id(term.node) in seen:
                continue
            seen.add(id(term.node))
            pairs = f.core(term.args[1]).name == "arange"  # each row's partner is in its own place
            said = "the same logits are used twice" if pairs else "the same loss of the same values is added twice"
            fix = "Transpose the logits in the second call: cross_entropy(logits.T, labels)"
            yield p.report(
                "SB299",
                term,
                f"{said}: a copied line was not changed",
                why="only one direction (rows to columns) is trained, the other never"
                if pairs
                else "what the second term was meant for (the other direction, head or task) is never trained",
                fix=fix if pairs else "Give the second call its own arguments",
                related=((str(back.src.path), back.line, "backward()"),),
            )
    yield from _passed_twice(p)


def _alike(one: Val, other: Val) -> bool:
    if one is other or one.node is other.node or len(one.args) != len(other.args) or len(one.args) < 2:
        return False
    if _options(one) != _options(other):
        return False  # smoothed or weighted labels in one of the two
    return one.tags == other.tags and all(a is b for a, b in zip(one.args, other.args, strict=True))


def _options(val: Val) -> dict[str | None, str]:
    """What is said in words where a loss is called."""
    given = val.node.keywords if isinstance(val.node, ast.Call) else []
    return {k.arg: syntax.text(k.value) for k in given if k.arg not in ("input", "target")}


def _passed_twice(p: Program) -> Iterator[Finding]:
    """``combined(model, loss_a, loss_a)`` while ``loss_b`` was computed just before."""
    for event in p.once("invoke"):
        call = event.node
        if not isinstance(call, ast.Call) or event.src is not p.source or not event.funcs:
            continue
        names = [a.id for a in call.args if isinstance(a, ast.Name) and is_loss(a.id)]
        twice = next((n for n in names if names.count(n) > 1), "")
        if not twice or not any(v.grad for v in event.args):
            continue
        inner = syntax.walk(event.funcs[-1].node)
        made = {t.id for n in inner if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
        others = [n for n in made - set(names) if is_loss(n) and len(words(n)) == len(words(twice)) > 1]
        if others:
            yield p.report(
                "SB299",
                event,
                f"{twice} is passed twice, and {sorted(others)[0]} never: one loss counts twice, the other is dropped",
                why=f"{sorted(others)[0]} is computed beside it but never trained",
                fix=f"Pass {sorted(others)[0]} as one of the two",
            )
