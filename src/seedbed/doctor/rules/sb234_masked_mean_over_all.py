"""A masked loss is averaged over the masked entries too.

## What it does

Finds masked losses that are averaged over the masked entries too.

## Why is this bad

The more is masked, the smaller the loss: long and short sequences get different weights.

## Example

```python
model = nn.Linear(4, 4)
for x, y, mask in loader:
    optimizer.zero_grad()
    per_item = F.mse_loss(model(x), y, reduction="none")
    loss = (per_item * mask).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 4)
for x, y, mask in loader:
    optimizer.zero_grad()
    per_item = F.mse_loss(model(x), y, reduction="none")
    loss = (per_item * mask).sum() / mask.sum()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import marks, tokens
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _by_length(p)
    yield from _ignored(p)
    seen: set[int] = set()
    for event in p.all("call") if p.trains else ():
        made = event.result
        if (
            made is None
            or made.name != "mean"
            or made.kind != "tensor"
            or not made.args
            or not p.trained(made)
            or id(event.node) in seen
        ):
            continue
        if _masked(f.core(made.args[0])) and not any(u.name in ("div", "mul") for u in q.users(p, made)):
            seen.add(id(event.node))
            yield p.report(
                "SB234",
                event,
                "the masked loss is averaged over the masked (padded, missing) entries too",
                why="mean() divides by all entries, so the loss shrinks with the amount of what is masked",
                fix="Divide by the mask: (loss * mask).sum() / mask.sum()",
            )


def _masked(val: Val) -> bool:
    """Whether entries of a loss were set to zero: by a factor, a choice or a fill."""
    if val.name == "mul" and len(val.args) == 2:
        for mask, loss in (val.args, val.args[::-1]):
            named = (bool({"mask", "masks"} & set(words(mask.var))) and not _graded(mask)) or _compares(mask)
            if f.from_model(mask):
                continue  # it says what a model is sure of: the part that is left out is meant to weigh less
            if loss.grad and not mask.grad and (named or (_is_error(loss) and marks.indicator(mask))):
                return True
        return False
    if val.name == "where" and len(val.args) == 3:
        test, *ways = val.args
        zero = [w for w in ways if w.const in (0, 0.0) or f.core(w).name in ("zeros_like", "zeros")]
        return len(zero) == 1 and any(_is_error(w) for w in ways) and marks.indicator(test)
    if val.name in ("masked_fill", "masked_fill_") and len(val.args) == 3:
        return val.args[2].const in (0, 0.0) and _is_error(val.args[0]) and marks.indicator(val.args[1])
    return False


def _graded(mask: Val) -> bool:
    """Whether what is called a mask holds shares between nothing and all, such as discounts: nothing is left out."""
    shares = ("pow", "exp", "linspace", "softmax", "sigmoid")
    return any(v.name in shares for v in ancestors(mask, limit=60))


def _is_error(val: Val) -> bool:
    """Whether a value is a loss for each entry: of the library without reduction, or of prediction minus target."""
    one = f.core(val)
    if one.name == "loss":
        return "reduction=none" in one.tags
    if one.name in ("pow", "square", "abs") and one.args:
        inner = f.core(one.args[0])
        return inner.name == "sub" and len(inner.args) == 2 and inner.args[0].grad != inner.args[1].grad
    return False


def _compares(val: Val) -> bool:
    """Whether a value is a comparison such as ``ids != pad``, perhaps as numbers."""
    one = f.core(val)
    return (one.name == "ne" or (one.name == "compare" and "NotEq" in one.tags)) and not one.grad


def _ignored(p: Program) -> Iterator[Finding]:
    """A sum of losses that leaves an id out, divided by the number of all targets."""
    seen: set[int] = set()
    options = {id(e.result): e.kwargs for e in p.all("loss") if "ignore_index" in e.kwargs}
    for val in p.anywhere("div", "true_divide"):
        if len(val.args) != 2:
            continue
        if (found := _picked_hits(val)) is not None and id(found.node) not in seen:
            seen.add(id(found.node))
            yield p.report(
                "SB234",
                found,
                "all positions are counted, padding too, but the right answers are counted under a mask",
                why="the accuracy is too low, and falls with the amount of padding",
                fix="Count what the mask keeps: mask.sum()",
            )
            continue
        losses = [v for v in _gathered(val.args[0]) if v.name == "loss" and "reduction=sum" in v.tags]
        sizes = [v for v in _gathered(val.args[1]) if v.kind != "const" and v.name != "running"]
        if not losses or not sizes or not all(s.name == "numel" and s.args for s in sizes) or id(sizes[0].node) in seen:
            continue
        left_out = options.get(id(losses[0]), {}).get("ignore_index")
        if left_out is None or left_out.is_none or left_out.const == -100 or len(losses[0].args) < 2:
            continue
        if f.core(sizes[0].args[0]) is not f.core(losses[0].args[1]):
            continue
        seen.add(id(sizes[0].node))
        yield p.report(
            "SB234",
            sizes[0],
            "all targets are counted, padding too, but the summed loss leaves ignore_index out",
            why="the mean loss (and the perplexity) is too low, and shrinks with the amount of padding",
            fix="Count the tokens that the loss counts: (target != ignore_index).sum()",
            related=(q.place(losses[0]),),
        )


def _picked_hits(val: Val) -> Val | None:
    """The count of all targets below hits of which a mask picked some."""
    hits = [v for v in _gathered(val.args[0]) if v.name == "sum" and v.args]
    sizes = [v for v in _gathered(val.args[1]) if v.kind != "const" and v.name != "running"]
    if not hits or not sizes or not all(s.name == "numel" and s.args for s in sizes):
        return None
    equal = f.core(hits[0].args[0])
    sides = [f.core(a) for a in equal.args[:2]] if equal.name in ("compare", "eq") else []
    for side in sides:
        key = side.args[1] if side.name == "getitem" and len(side.args) > 1 else None
        if key is not None and key.name in ("compare", "ne") and f.core(side.args[0]) is f.core(sizes[0].args[0]):
            return sizes[0]
    return None


def _gathered(val: Val, depth: int = 0) -> Iterator[Val]:
    """What a running sum adds up."""
    one = f.core(val)
    if one.kind == "phi" and depth < 8:
        for option in one.options():
            yield from _gathered(option, depth + 1)
    elif one.name in ("add", "Add") and len(one.args) == 2 and depth < 8:
        yield from _gathered(one.args[0], depth + 1)
        yield from _gathered(one.args[1], depth + 1)
    else:
        yield one


def _by_length(p: Program) -> Iterator[Finding]:
    """A masked sum that is divided by the number of all positions."""
    seen: set[int] = set()
    for val in p.anywhere("div", "true_divide"):
        if len(val.args) != 2 or not val.grad or id(val.node) in seen:
            continue
        total, count = f.core(val.args[0]), val.args[1]
        inner = f.core(total.args[0]) if total.name == "sum" and total.args else total
        compared = inner.name == "mul" and len(inner.args) == 2 and any(_compares(a) for a in inner.args)
        if not compared and not _masked(inner):
            continue
        found = tokens.axis_read(count)
        if (found is not None and found[1] != 0) or count.name == "numel":
            seen.add(id(val.node))
            yield p.report(
                "SB234",
                val,
                "the masked sum is divided by the full length: padded positions count in the mean",
                why="the mean shrinks with the amount of padding, so short sequences look different",
                fix="Divide by the mask: (h * mask).sum(1) / mask.sum(1)",
            )
