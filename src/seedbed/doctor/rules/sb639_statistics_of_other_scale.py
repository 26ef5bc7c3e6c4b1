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
        used, taken = _scale(base), _scale(mean)
        if used is None or taken is None or used[0] == taken[0] or used[1] is not taken[1]:
            continue
        told.add(id(val.node))
        more = used[0] - taken[0] or taken[0] - used[0]
        side = "the inputs" if used[0] - taken[0] else "the data of the mean"
        what = ", ".join(sorted(str(k) for k in more))
        yield p.report(
            "SB639",
            val,
            f"the mean and deviation are on another scale than the inputs: only {side} went through {what}",
            why="statistics of the raw values are taken off scaled ones (wrong statistics, mismatched normalisation)",
            fix="Take the mean and deviation of the very values that are standardised",
            related=((str(mean.src.path) if mean.src else "", mean.line, "the mean"),),
        )


def _scale(val: Val) -> tuple[Counter[str], Val] | None:
    """The changes of scale on the only way to the raw values, and those; ``None`` when something is unknown."""
    found: Counter[str] = Counter()
    for _ in range(80):
        inner = [i for i in lineage.data_input(val) if i.kind not in ("const", "number")]
        if not inner:
            return found, val
        if val.kind == "phi" or len(inner) > 1:
            return None
        factor = val.args[1].const if val.name in ("div", "mul") and len(val.args) == 2 else None
        if isinstance(factor, (int, float)) and inner[0] is val.args[0]:
            if factor != 1:
                found[f"{'/' if val.name == 'div' else '*'} {factor:g}"] += 1
        elif val.name in _CURVES:
            found[val.name.removeprefix("np_")] += 1
        elif val.name not in _KEEPS or (val.name == "add" and not _guard(val)):
            return None
        val = inner[0]
    return None


def _kind(val: Val) -> str:
    """Which statistic a value is, seen through casts and reshapes: ``"mean"``, ``"std"`` or another."""
    for _ in range(8):
        if val.name not in _KEEPS or val.name in ("getitem", "part", "mean", "std", "add") or not val.args:
            break
        val = val.args[0]
    return scaling.statistic(val)[0]


def _guard(val: Val) -> bool:
    return any(isinstance(a.const, float) and abs(a.const) < 1e-2 for a in val.args)
