"""Statistics are fitted on all data before the split.

## What it does

Finds statistics (scaler, mean and deviation, PCA, feature selection) that are fitted on all data before the
split.

## Why is this bad

The validation data leaks into the training: the measured quality is too good.

## Example

```python
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
scaled = StandardScaler().fit_transform(features)
x_train, x_test = train_test_split(scaled, random_state=0)
model(torch.tensor(x_train))
```

## Use instead

```python
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
x_train, x_test = train_test_split(features, random_state=0)
scaler = StandardScaler().fit(x_train)
x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)
model(torch.tensor(x_train))
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import leaks
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    fits = {id(e.recv): e for e in p.all("fit") if e.recv is not None}
    for whole in d.split_data(p):
        for val in ancestors(whole, limit=200):
            if (
                val.name in ("fit_transform", "fit_resample")
                and val.kind == "tensor"
                and id(val.node) not in seen
                and not d.is_split(val.args[0] if val.args else None)
                and not leaks.learns_nothing(val)
            ):
                seen.add(id(val.node))
                found = _finding(p, val, f"{val.name}() is fitted on all data before the split")
                yield replace(found, severity=Severity.HINT) if _of_a_scene(val) else found
            elif val.name == "transform" and val.kind == "tensor" and len(val.args) > 1 and id(val.args[-1]) in fits:
                if leaks.learns_nothing(val):
                    continue
                fit = fits[id(val.args[-1])]
                if fit.args and not d.is_split(fit.args[0]) and fit.args[0] is val.args[0] and id(fit.node) not in seen:
                    seen.add(id(fit.node))
                    yield _finding(p, fit, leaks.fitted(fit))
            elif (
                val.name in ("sub", "div") and val.kind == "tensor" and len(val.args) == 2 and id(val.node) not in seen
            ):
                base, stat = val.args
                for one in q.chain(stat):
                    source = one.args[0] if one.args else None
                    if (
                        one.name in ("mean", "std", "min", "max", "amax", "amin", "median", "var")
                        and source is not None
                        and not (d.per_sample(one) or leaks.of_one_sample(p, one))
                    ) and (
                        (source is base or source in q.chain(base))
                        and not d.is_split(source)
                        and not d.is_index(one)
                        and source.kind in ("tensor", "unknown")
                    ):
                        if d.is_target_like(whole, p) or leaks.defines_data(p, val) or leaks.of_its_type(one):
                            continue
                        seen.add(id(val.node))
                        ends = one.name in ("min", "max", "amax", "amin")
                        what = "minimum and maximum" if ends else "mean and deviation"
                        found = _finding(p, val, f"{what} are computed on all data before the split", one)
                        yield replace(found, severity=Severity.WARNING) if ends else found
                        break
    for at, what in (*leaks.before_split(p), *leaks.of_both(p), *leaks.encoded(p)):
        if id(at.node) not in seen:
            seen.add(id(at.node))
            yield _finding(p, at, what)


def _of_a_scene(fitted: Val) -> bool:
    """Whether the bands of one picture are projected, pixel by pixel: no labels enter, and all of it is there."""
    table, made = (*fitted.args, None, None)[:2]
    if table is None or made is None or made.name.rsplit(".", 1)[-1] not in _PROJECTIONS or table.name != "reshape":
        return False
    sizes = [s for a in table.args[1:] for s in (a.items or (a,))]
    return len(sizes) == 2 and sizes[1].kind == "number" and sizes[1].name == "shape"


_PROJECTIONS = ("PCA", "IncrementalPCA", "KernelPCA", "TruncatedSVD", "FactorAnalysis", "FastICA", "NMF")


def _finding(p: Program, at: Event | Val, what: str, stat: Val | None = None) -> Finding:
    site = leaks.asked(p, stat or at)
    return p.report(
        "SB404",
        at if site is stat else site,
        f"{what}: the validation/test data leaks into the training",
        why="fitted on the whole data set, it has seen the held-out (test) rows, so the measured quality is too good",
        fix="Split first, then fit on the training part only and apply the same statistics to the rest",
    )
