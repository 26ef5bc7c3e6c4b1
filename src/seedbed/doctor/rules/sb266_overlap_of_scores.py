"""A Dice or IoU is computed from raw scores, has a wrong denominator, or is minimised.

## What it does

Finds overlap ratios, `sum(p * t)` over sums of `p` and `t`: of raw logits; without the factor 2 (Dice) or without
subtracting the intersection (IoU), so that the best value is 0.5; and overlaps that are used as a loss as they are.

## Why is this bad

Raw scores make the ratio meaningless: it can leave 0..1 and be improved by large scores alone. An overlap that is
minimised teaches the model to avoid the target.

## Example

```python
def dice_loss(pred, target):
    overlap = (pred * target).sum()
    return 1 - (2 * overlap + 1) / (pred.sum() + target.sum() + 1)


net = nn.Conv2d(1, 1, 3, padding=1)
optimizer = torch.optim.Adam(net.parameters())
for image, mask in loader:
    optimizer.zero_grad()
    dice_loss(net(image), mask).backward()
    optimizer.step()
```

## Use instead

```python
def dice_loss(pred, target):
    overlap = (pred * target).sum()
    return 1 - (2 * overlap + 1) / (pred.sum() + target.sum() + 1)


net = nn.Conv2d(1, 1, 3, padding=1)
optimizer = torch.optim.Adam(net.parameters())
for image, mask in loader:
    optimizer.zero_grad()
    dice_loss(torch.sigmoid(net(image)), mask).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for sign, term in f.summands(back.recv) if back.recv is not None else ():
            if sign > 0 and _parts(term) and id(term.node) not in seen:
                seen.add(id(term.node))
                yield p.report(
                    "SB266",
                    term,
                    "the overlap (Dice or IoU) itself is minimised: the sign is wrong",
                    why="the overlap is largest for a perfect mask, so the model learns to avoid the target",
                    fix="Minimise 1 - overlap",
                    related=((str(back.src.path), back.line, "backward()"),),
                )
    made: dict[int, Val] = {}
    for event in p.events if p.made("div") and p.anywhere("sum") else ():
        for root in (event.result, *event.args):
            if root is not None and root.kind == "tensor" and root.name in ("div", "sub", "mean", "rsub"):
                made.update((id(v), v) for v in ancestors(root, limit=12) if v.name == "div")
    for val in made.values():
        if _multiplied(val) and id(val.node) not in seen:
            seen.add(id(val.node))
            yield p.report(
                "SB266",
                val,
                "the denominator of the overlap multiplies the two sums: Dice and IoU add them",
                why="a product of sums makes the ratio depend on the size of the mask; a perfect prediction is not 1",
                fix="Use 2 * intersection / (p.sum() + t.sum())",
            )
        found = _parts(val)
        if found is None or id(val.node) in seen:
            continue
        pred, factor, corrected = found
        made_by = training.loss_origins(pred)
        raw = [o for o in made_by if _is_raw(o)]
        if raw and len(raw) == len(made_by):
            seen.add(id(val.node))
            yield p.report(
                "SB266",
                _caller(p, val, made.values()),
                "the overlap (Dice or IoU) is computed from raw logits: the sigmoid (or softmax) is missing",
                why="logits are not in 0..1, so the ratio of sums has no meaning",
                fix="Apply torch.sigmoid (or softmax) to the logits first",
                related=(q.place(raw[0]),),
            )
        elif ((factor == 1 and not corrected) or (factor == 2 and corrected)) and not _doubled(p, val):
            seen.add(id(val.node))
            best = "0.5" if factor == 1 else "2"
            yield p.report(
                "SB266",
                val,
                f"the denominator of the overlap is wrong: a perfect prediction gives {best}, not 1",
                why="Dice is 2 * intersection / (|p| + |t|); IoU is intersection / (|p| + |t| - intersection)",
                fix="Multiply the intersection by 2 (Dice), or subtract it in the union (IoU)",
            )


def _multiplied(val: Val) -> bool:
    """``sum(p * t) / (sum(p) * sum(t))``."""
    if len(val.args) != 2:
        return False
    hits = [m for _, t in _scaled([t for _, t in f.plain_terms(val.args[0])]) if (m := _product(t)) is not None]
    for _, term in f.plain_terms(val.args[1]):
        if len(hits) == 1 and term.name == "mul" and len(term.args) == 2:
            sides = [f.core(a) for a in term.args]
            if all(s.name == "sum" and s.args and any(f.same(_base(s.args[0]), h) for h in hits[0]) for s in sides):
                bases = [_base(s.args[0]) for s in sides]
                return not f.same(bases[0], bases[1])
    return False


def _doubled(p: Program, val: Val) -> bool:
    """Whether the ratio is multiplied by a number afterwards."""
    return any(u.name == "mul" and any(a.kind == "const" for a in u.args) for u in q.users(p, val))


def _caller(p: Program, val: Val, others: Iterable[Val]) -> tuple[ast.AST, Source] | Val:
    """Where a helper is called with raw scores that gets probabilities or masks elsewhere; else the ratio itself."""
    fine = False
    for one in others:
        found = _parts(one) if one is not val and one.node is val.node else None
        fine = fine or (found is not None and not any(_is_raw(o) for o in training.loss_origins(found[0])))
    for event in p.events if fine else ():
        near = [r for r in (event.result, event.recv, *event.args) if r is not None]
        if event.sites and any(v is val for r in near for v in ancestors(r, limit=12)):
            return event.sites[-1]
    return val


def _is_raw(val: Val) -> bool:
    return val.kind == "tensor" and val.name in training.LOGIT_OPS


def _parts(val: Val) -> tuple[Val, float, bool] | None:
    """The prediction, the factor of the intersection, and whether the union subtracts it."""
    if val.name != "div" or len(val.args) != 2:
        return None
    top = [t for _, t in f.plain_terms(val.args[0])]
    hits = [(c, m) for c, t in _scaled(top) if (m := _product(t)) is not None]
    below = f.plain_terms(val.args[1])
    if len(hits) != 1:
        return None
    factor, (one, two) = hits[0]
    plain = [t for s, t in below if s > 0 and t.name == "sum" and t.args]
    ends = [(_base(t.args[0]), t) for t in plain]
    if len(ends) != 2:
        return None
    sides = [one, two]
    if not all(any(f.same(base, s) for s in sides) for base, _ in ends) or f.same(ends[0][0], ends[1][0]):
        return None
    corrected = any(s < 0 and _product(t) is not None for s, t in below)
    pred = next((s for s in sides if f.from_model(s) or s.grad), None)
    return (pred, factor, corrected) if pred is not None else None


def _base(val: Val) -> Val:
    one = f.core(val)
    return f.core(one.args[0]) if one.name in ("pow", "square") and one.args else one


def _scaled(terms: list[Val]) -> list[tuple[float, Val]]:
    found: list[tuple[float, Val]] = []
    for term in terms:
        number, rest = 1.0, term
        if term.name == "mul" and len(term.args) == 2:
            for a, b in (term.args, term.args[::-1]):
                if a.kind == "const" and isinstance(a.const, (int, float)):
                    number, rest = float(a.const), f.core(b)
        found.append((number, rest))
    return found


def _product(val: Val) -> tuple[Val, Val] | None:
    """``sum(p * t)``: the two factors."""
    if val.name != "sum" or not val.args:
        return None
    inner = f.core(val.args[0])
    if inner.name in ("mul", "and", "logical_and") and len(inner.args) == 2:
        one, two = f.core(inner.args[0]), f.core(inner.args[1])
        return (one, two) if not f.same(one, two) else None
    return None
