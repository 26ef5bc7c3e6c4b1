"""The mean and deviation are those of the data before a change of scale.

## What it does

Finds inputs that were divided or logged on the way to a standardisation whose mean was taken from the raw values,
or the other way round.

## Why is this bad

The mean is taken off values that live on another scale: all inputs are shifted far from zero, and almost alike.

## Example

```python
raw = torch.randint(0, 256, (100, 4)).float()
mean, std = raw.mean(0), raw.std(0)
x = (raw / 255 - mean) / std
optimizer.zero_grad()
F.cross_entropy(model(x), labels).backward()
optimizer.step()
```

## Use instead

```python
raw = torch.randint(0, 256, (100, 4)).float()
scaled = raw / 255
mean, std = scaled.mean(0), scaled.std(0)
x = (scaled - mean) / std
optimizer.zero_grad()
F.cross_entropy(model(x), labels).backward()
optimizer.step()
```
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, scaling
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_CURVES = frozenset(["log", "log1p", "log2", "log10", "np_log", "np_log1p", "sqrt", "exp", "square", "pow"])
_KEEPS = frozenset([
    "getitem", "mean", "std", "part", "element", "batch", "tensor", "as_tensor", "from_numpy", "array", "asarray",
    "astype", "float", "double", "to", "reshape", "view", "flatten", "permute", "transpose", "squeeze", "unsqueeze",
    "values", "to_numpy", "numpy", "copy", "clone", "train_test_split", "contiguous", "ravel", "cat", "stack", "item",
    "float32", "float64", "add", "clamp", "clip", "nanmean", "nanstd", "FloatTensor", "Tensor", "detach",
])  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for val in scaling.inputs(p):
        parts = scaling.pair(val)
        if parts is None or id(val.node) in told:
            continue
        base, mean, deviation = parts
        kinds = _kind(mean), _kind(deviation)
        if kinds[0] == kinds[1] or not set(kinds) & {"mean"}:
            continue
        apart = _apart(base, mean)
        if apart is None:
            continue
        told.add(id(val.node))
        side, what = apart
        yield p.report(
            "SB639",
            val,
            f"the mean and deviation are on another scale than the inputs: only {side} went through {what}",
            why="statistics of the raw values are taken off scaled ones (wrong statistics, mismatched normalisation)",
            fix="Take the mean and deviation of the very values that are standardised",
            related=((str(mean.src.path) if mean.src else "", mean.line, "the mean"),),
        )


def _apart(base: Val, mean: Val) -> tuple[str, str] | None:
    """Which side was scaled, and how, since inputs and their mean were the same values; ``None`` when neither was."""
    mine = {id(v): (factor, curves) for v, factor, curves in _scales(base)}
    for val, factor, curves in _scales(mean):
        if id(val) not in mine:
            continue
        other, bends = mine[id(val)]
        if curves == bends and abs(factor - other) <= 1e-6 * max(abs(factor), abs(other)):
            return None
        first = bool(bends - curves) or (not curves - bends and abs(other - 1) > 1e-9)
        one, more = (other, bends - curves) if first else (factor, curves - bends)
        said = [
            *sorted(more),
            *([f"{'/' if abs(one) < 1 else '*'} {one if abs(one) >= 1 else 1 / one:g}"] * (one != 1)),
        ]
        return "the inputs" if first else "the data of the mean", ", ".join(said)
    return None


def _scales(val: Val) -> Iterator[tuple[Val, float, Counter[str]]]:
    """The steps down to the raw values, each with the factor and the curves between it and the first one."""
    curves: Counter[str] = Counter()
    whole = 1.0
    for _ in range(80):
        yield val, whole, curves.copy()
        single = val.kind == "number" and val.name in ("item", "float_builtin")
        rows = val.args[:1] if single else lineage.data_input(val)
        inner = [i for i in rows if i.kind != "const" and (single or i.kind != "number")]
        if not inner or val.kind == "phi" or len(inner) > 1:
            return
        factor = val.args[1].const if val.name in ("div", "mul") and len(val.args) == 2 else None
        if isinstance(factor, (int, float)) and factor and inner[0] is val.args[0]:
            whole *= factor if val.name == "mul" else 1 / factor
        elif val.name in _CURVES:
            curves[val.name.removeprefix("np_")] += 1
        elif (not single and val.name not in _KEEPS) or (val.name == "add" and not _guard(val)):
            return
        val = inner[0]


def _kind(val: Val) -> str:
    """Which statistic a value is, seen through casts and reshapes: ``"mean"``, ``"std"`` or another."""
    for _ in range(8):
        if val.name not in _KEEPS or val.name in ("getitem", "part", "mean", "std", "add") or not val.args:
            break
        val = val.args[0]
    return scaling.statistic(val)[0]


def _guard(val: Val) -> bool:
    return any(isinstance(a.const, float) and abs(a.const) < 1e-2 for a in val.args)
