"""Arithmetic on bytes wraps around at 0 and 255.

## What it does

Finds subtraction, addition, multiplication and negation of arrays and tensors that are still uint8.

## Why is this bad

A byte has no sign and ends at 255: `10 - 128` is 138. Dark pixels become bright ones, without an error.

## Example

```python
images = torch.randint(0, 256, (100, 64), dtype=torch.uint8)
inputs = (images - 128).float() / 64
out = model(inputs)
```

## Use instead

```python
images = torch.randint(0, 256, (100, 64), dtype=torch.uint8)
inputs = (images.float() - 128) / 64
out = model(inputs)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_SAY = {
    "sub": "a subtraction wraps around below 0",
    "add": "a sum wraps around above 255",
    "mul": "a product wraps around above 255",
    "neg": "a byte has no sign: the negation wraps around",
    "pow": "a square wraps around above 255",
    "diff": "the differences wrap around below 0",
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _cast_back(p)
    if not any(a.dtype == "uint8" for v in p.made(*_SAY) if v.kind == "tensor" for a in v.args):
        return
    for event in p.all("forward", "call", "loss"):
        for part in event.args:
            for val in ancestors(part, limit=400) if part.kind in ("tensor", "list", "tuple") else ():
                if id(val) in seen:
                    continue
                seen.add(id(val))
                if (
                    val.name in _SAY
                    and val.kind == "tensor"
                    and id(val.node) not in seen
                    and _wraps(p, val)
                    and not _cut(p, val)
                ):
                    seen.add(id(val.node))
                    yield p.report(
                        "SB436",
                        val,
                        f"arithmetic on uint8 values: {_SAY[val.name]} (modulo 256, an overflow without an error)",
                        why="the values are unsigned bytes here; the cast to float comes too late to save them",
                        fix="Cast first: x.float() (or astype(np.float32)), then compute",
                    )


def _cast_back(p: Program) -> Iterator[Finding]:
    """``(image + noise).astype(np.uint8)``: sums of bytes with something else that are cut to bytes, not clipped."""
    seen: set[int] = set()
    for val in p.made("astype", "byte", "to", "uint8"):
        inner = val.args[0] if val.args and val.dtype == "uint8" else None
        if inner is None or inner.name not in ("add", "mul") or len(inner.args) != 2 or id(val.node) in seen:
            continue
        for image, other in (inner.args, inner.args[::-1]):
            if _bytes(image) and _beyond(inner.name, other):
                seen.add(id(val.node))
                yield p.report(
                    "SB436",
                    val,
                    f"arithmetic on uint8 values: {_SAY[inner.name]} (modulo 256) when it is cast back to bytes",
                    why="the cast does not clip: 260 becomes 4, so the brightest pixels turn black (overflow)",
                    fix="Clip before the cast: np.clip(x, 0, 255).astype(np.uint8)",
                )
                break


def _bytes(val: Val) -> bool:
    """Whether a value is an image of bytes, maybe as wider numbers."""
    while val.name in ("astype", "float", "to", "int", "long", "getitem", "copy", "clone") and val.args:
        if val.dtype == "uint8":
            return True
        val = val.args[0]
    return val.dtype == "uint8" and val.kind == "tensor"


def _beyond(op: str, other: Val) -> bool:
    """Whether a summand or factor can bring bright pixels over 255."""
    number = other.const if other.kind == "const" else None
    if isinstance(number, (int, float)):
        return number > (1 if op == "mul" else 0)
    drawn = other.name.removeprefix("np_")
    while drawn in ("mul", "astype", "int", "round", "int_builtin", "to") and other.args:
        other = other.args[0]
        drawn = other.name.removeprefix("np_")
    if op == "add":
        return drawn in ("normal", "randint", "randn", "standard_normal", "integers", "randrange")
    high = [a.const for a in other.args if isinstance(a.const, (int, float)) and not isinstance(a.const, bool)]
    return drawn == "uniform" and len(high) > 1 and high[1] > 1


def _cut(p: Program, val: Val) -> bool:
    """Whether only some bits of the result are kept: there the rest may go."""
    around = [*p.users(val), *(u for one in p.users(val) for u in p.users(one))]
    return any(u.name == "and" and any(a.kind == "const" for a in u.args) for u in around)


_PLAIN = ("int_builtin", "item", "randrange")  # plain numbers of Python do not widen the bytes


def _plain(val: Val) -> bool:
    """Whether it is a whole number of Python, maybe a drawn one."""
    if val.kind == "unknown" and val.name == "choice":
        return bool(val.args and val.args[0].items and all(type(i.const) is int for i in val.args[0].items))
    return (val.kind == "number" and val.name in _PLAIN) or (val.kind == "unknown" and val.name in _DRAWN)


_DRAWN = ("randint", "randrange")  # those of the module random: the others give tensors


def _averaged(p: Program, val: Val) -> bool:
    """Whether a sum of bytes is divided by how many they are: then it is meant as a number."""
    count, stack = 0, [val]
    while stack:
        one = stack.pop()
        inner = one.args if one.name == "add" and one.dtype == "uint8" else ()
        stack += inner
        count += not inner
    return any(u.name in ("div", "floor_divide") and u.args[1].const == count for u in p.users(val) if len(u.args) > 1)


_PICKS = frozenset(["argmax", "argmin", "min_indices", "topk_indices"])


def _chosen_class(val: Val, numbers: list[object]) -> bool:
    """Whether it is the number of the best class: of two (or of unknown how many) 255 times it is still a byte."""
    for pick in (v for v in ancestors(val, limit=30) if v.name in _PICKS):
        scores = pick.args[0] if pick.args else None
        axis = pick.number(1, "dim") if pick.number(1, "dim") is not None else pick.number(1, "axis")
        shape = scores.shape if scores is not None else None
        at = int(axis) if axis is not None else None
        many = shape[at] if shape is not None and at is not None and -len(shape) <= at < len(shape) else None
        return not isinstance(many, int) or all(isinstance(n, int) and (many - 1) * n <= 255 for n in numbers)
    return False


_ENDS = frozenset(["max", "amax", "min", "amin"])


def _wraps(p: Program, val: Val) -> bool:
    """Whether every tensor operand is a byte and the numbers leave the result a byte."""
    tensors = [a for a in val.args if a.kind != "const" and not _plain(a)]
    if any(a.name in ("numel", "size", "dim", "len", "nbytes") for a in val.args):
        return False  # a count, not what is counted
    numbers = [a.const for a in val.args if a.kind == "const"]
    if not tensors or any(a.dtype != "uint8" for a in tensors):
        return False
    if any(not isinstance(n, int) or isinstance(n, bool) for n in numbers):
        return False
    made = {v.name for t in tensors for v in ancestors(t, limit=20)}
    if val.name == "mul" and (
        len(tensors) > 1 or numbers[:1] in ([0], [1]) or made & {"eye", "ones", "zeros", "compare"}
    ):
        return False  # a product with a mask
    if val.name == "mul" and any(_chosen_class(t, numbers) for t in tensors):
        return False
    if val.name == "add" and all(t.name in _ENDS for t in tensors):
        return False  # the largest value and one more: a count of labels, no picture
    if val.name == "add" and len(tensors) > 1:
        return _averaged(p, val)
    if val.name == "pow":
        return val.args[0] in tensors and len(numbers) == 1 and numbers[0] > 1
    if val.name == "sub" and not any(t in val.args[:1] for t in tensors):
        return numbers[:1] != [255] and numbers[:1] != [1]
    return not (val.name == "sub" and numbers == [0])
