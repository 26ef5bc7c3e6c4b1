"""The mask is applied after softmax, or with zeros before it.

## What it does

Finds attention masks that are applied after the softmax, or filled with a value that hides nothing.

## Why is this bad

Only a large negative score before the softmax gives a weight of zero. A fill of 0 leaves the position
visible.

## Example

```python
scores = torch.randn(2, 8, 8)
mask = torch.tril(torch.ones(8, 8))
weights = F.softmax(scores.masked_fill(mask == 0, 0.0), dim=-1)
```

## Use instead

```python
scores = torch.randn(2, 8, 8)
mask = torch.tril(torch.ones(8, 8))
weights = F.softmax(scores.masked_fill(mask == 0, float("-inf")), dim=-1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import masks, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import CUTTING, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for made, source in training.softmaxes(p):
        for fill in [v for v in _scores(source) if v.name in ("masked_fill", "masked_fill_") and len(v.args) > 2]:
            value = fill.args[2].const if fill.args[2].kind == "const" else None
            if isinstance(value, (int, float)) and value > -50 and id(fill.node) not in seen:
                seen.add(id(fill.node))
                yield p.report(
                    "SB235",
                    fill,
                    f"the mask is filled with {value:g} before softmax: masked positions still get weight",
                    why="softmax gives every score above minus infinity a part of the weight",
                    fix="Fill with float('-inf') (or -1e9) before the softmax",
                )
        yield from _zeroed(p, source, seen)
        yield from _added(p, source, seen)
        yield from _chosen(p, source, seen)
        top = q.seen_through(source)[-1].args[0] if q.seen_through(source) else source
        if top.name == "mul" and len(top.args) == 2 and id(top.node) not in seen:
            sides = [a for a in top.args if a.kind == "tensor" and a.grad and a.name not in ("Parameter", "parameter")]
            zeros = [a for a in top.args if a.kind == "tensor" and not a.grad and _is_mask(a)]
            if sides and zeros:
                seen.add(id(top.node))
                yield p.report(
                    "SB235",
                    top,
                    "the mask is multiplied before softmax: masked scores are 0, so padding still gets weight",
                    why="softmax gives a score of 0 a part of the weight (exp(0) = 1)",
                    fix="Use scores.masked_fill(mask == 0, float('-inf')) before the softmax",
                )
        for user in q.users(p, made):
            masked = user.name in ("masked_fill", "mul") and len(user.args) > 1
            other = [a for a in user.args[:2] if a is not made]
            if (
                not masked
                or id(user.node) in seen
                or not other
                or not (
                    "mask" in other[0].var
                    or (_is_mask(other[0]) and not other[0].grad)
                    or any(v.name in ("tril", "triu") for v in q.chain(other[0]))
                    or user.name == "masked_fill"
                )
            ):
                continue
            later = q.users(p, user)
            if any(u.name in ("div", "sum", "normalize") for u in later) or not any(
                u.name in ("matmul", "bmm", "einsum", "dropout") or _weighs(p, u) for u in later
            ):
                continue
            seen.add(id(user.node))
            yield p.report(
                "SB235",
                user,
                "the attention mask is applied after softmax: the weights no longer sum to one",
                why="the masked positions have already taken part in the normalisation",
                fix="Mask the scores with -inf before the softmax",
            )


def _scores(source: Val) -> list[Val]:
    """What goes into a softmax, down to the layers and choices that the scores are made from."""
    found = q.chain(source)
    ends = [i for i, v in enumerate(found) if v.name in _ENDS or _gathered(v)]
    found = found[: ends[0]] if ends else found
    low = [v for v in found if v.name in ("masked_fill", "masked_fill_") and len(v.args) > 2 and _hides(v.args[2])]
    hidden = {id(f.core(v.args[1])) for v in low}  # what is filled twice has got the last value
    return [v for v in found if v in low or len(v.args) < 2 or id(f.core(v.args[1])) not in hidden]


_ENDS = CUTTING | {"forward", "embedding", "matmul", "bmm", "bucketize", "digitize", "batch"}


def _gathered(val: Val) -> bool:
    """Whether rows of data are picked: what was filled before that is no score."""
    return val.name == "getitem" and not val.grad and len(val.args) > 1 and val.args[1].kind in ("tensor", "unknown")


def _hides(value: Val) -> bool:
    return isinstance(value.const, int | float) and value.const <= -50


def _zeroed(p: Program, source: Val, seen: set[int]) -> Iterator[Finding]:
    """``scores[hidden] = 0`` before a softmax."""
    found = q.chain(source)[:5]
    end = next((i for i, v in enumerate(found) if v.owner is not None or v.name in ("matmul", "bmm", "einsum")), 4)
    parts = {id(v) for v in found[: end + 1]}
    for event in p.all("setitem"):
        if event.recv is None or id(event.recv) not in parts or len(event.args) < 2 or id(event.node) in seen:
            continue
        key, value = event.args[0], event.args[1].const
        if f.core(key).name not in ("compare", "invert", "eq", "ne") or type(value) not in (int, float) or value < -50:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB235",
            event,
            f"filtered scores are set to {value:g} before softmax, not to -inf: they still get weight",
            why="softmax gives every score above minus infinity a part of the weight (top-k, mask)",
            fix="Use scores[hidden] = float('-inf') before the softmax",
        )


def _chosen(p: Program, source: Val, seen: set[int]) -> Iterator[Finding]:
    """``where(hidden, 0.0, scores)`` before a softmax."""
    top = source
    if top.name != "where" or len(top.args) != 3 or id(top.node) in seen:
        return
    numbers = [a.const for a in top.args[1:] if a.kind == "const" and isinstance(a.const, (int, float))]
    if len(numbers) == 1 and not isinstance(numbers[0], bool) and numbers[0] > -50:
        seen.add(id(top.node))
        yield p.report(
            "SB235",
            top,
            f"filtered scores are set to {numbers[0]:g} before softmax, not to -inf: they still get weight",
            why="softmax gives every score above minus infinity a part of the weight (top-k, mask)",
            fix="Use torch.where(keep, scores, float('-inf')) before the softmax",
        )


def _added(p: Program, source: Val, seen: set[int]) -> Iterator[Finding]:
    """A mask of ones and zeros that is added to the scores as if it held minus infinity."""
    top = source
    if top.name != "add" or len(top.args) != 2 or id(top.node) in seen:
        return
    for scores, mask in (top.args, top.args[::-1]):
        plain = f.core(mask)
        flipped = f.complement(mask)
        plain = f.core(flipped) if flipped is not None else plain
        ones = plain.name in ("tril", "triu") and any(v.name == "ones" for v in ancestors(plain, limit=6))
        if masks.hidden(p, scores) or masks.changed(p, mask):
            continue  # minus infinity is put there in place
        if scores.grad and not mask.grad and (ones or plain.name == "compare"):
            seen.add(id(top.node))
            yield p.report(
                "SB235",
                top,
                "a mask of ones and zeros is added to the scores before softmax: it hides nothing (-inf is needed)",
                why="an added mask must hold 0 where attention may look and -inf where it may not",
                fix="Use scores.masked_fill(mask == 0, float('-inf')) before the softmax",
            )


def _weighs(p: Program, val: Val) -> bool:
    """Whether weights are multiplied with features, to be summed: ``(w[..., None] * h).sum(1)``."""
    if val.name not in ("unsqueeze", "getitem", "view", "expand"):
        return False
    products = [u for u in q.users(p, val) if u.name == "mul"]
    return any(u.name == "sum" for one in products for u in q.users(p, one))


def _is_mask(val: Val) -> bool:
    """Whether a value is a mask of ones and zeros."""
    for one in q.chain(val)[:6]:
        if one.name in ("compare", "tril", "triu", "invert", "eq", "ne") or one.dtype == "bool":
            return True
    return "mask" in val.var and val.name != "forward"  # what a module gives may be a soft gate
