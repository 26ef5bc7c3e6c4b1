"""A feature of a time series holds the value to predict, or a later one.

## What it does

Finds table columns that are features and are made with `shift(-k)`, a rolling mean of the target itself without
`shift`, a centred window, or gaps that are filled from later rows; windows that are scaled with the mean and
deviation of lookback and horizon together.

## Why is this bad

At prediction time these values are not known: the score is far too good (a leak of the future).

## Example

```python
import pandas as pd
table = pd.read_csv("sales.csv")
table["week"] = table["sales"].rolling(7).mean()
features = ["week", "price"]
x = torch.tensor(table[features].values).float()
y = torch.tensor(table["sales"].values).float()
F.mse_loss(model(x), y).backward()
```

## Use instead

```python
import pandas as pd
table = pd.read_csv("sales.csv")
table["week"] = table["sales"].shift(1).rolling(7).mean()
features = ["week", "price"]
x = torch.tensor(table[features].values).float()
y = torch.tensor(table["sales"].values).float()
F.mse_loss(model(x), y).backward()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax, window_scale
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_TARGETS = frozenset(["y", "target", "label", "next", "future", "tomorrow", "ahead", "direction", "goal", "fwd"])
_TIME = frozenset(["shift", "rolling", "resample", "date_range", "to_datetime", "TimeSeriesSplit", "pct_change"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for stat, window in window_scale.over_horizon(p):
        yield p.report(
            "SB473",
            stat,
            f"the inputs are scaled with the {stat.name} of the whole window ({window.var or 'line'} of line "
            f"{window.line}), which includes the horizon to predict: future values leak into the inputs",
            why="at forecast time only the lookback part is known, so the scale gives the future away (look-ahead)",
            fix="Take mean and std over the lookback part only: past.mean(), past.std(); scale past and future by them",
            related=(q.place(window),),
        )
    if "pandas" not in p.source.text:
        return
    columns = [
        (n, n.targets[0].slice)
        for n in q.nodes(p, ast.Assign)
        if isinstance(n.targets[0], ast.Subscript) and isinstance(n.targets[0].slice, (ast.Constant, ast.JoinedStr))
    ]
    made = {syntax.text(key) for _, key in columns}
    yield from _in_tables(p)
    yield from _past_target(p, columns)
    moved = any(_ahead(n.value) for n, key in columns if _is_target(key)) or any(
        _ahead(n.value) and isinstance(n.targets[0], ast.Name) and _TARGETS & set(words(n.targets[0].id))
        for n in q.nodes(p, ast.Assign)
    )
    for node, key in columns:
        if _is_target(key) or not _is_feature(p, key, node):
            continue
        why = _later(node.value) or ("" if moved else _present(p, node.value, made))
        if why:
            yield p.report(
                "SB473",
                (node, p.source),
                f"the feature {syntax.text(key)} {why}: future values leak into the inputs",
                why="at prediction time this value is not known yet, so the score is too good (look-ahead, data leak)",
                fix="Use only earlier rows: shift(1) before rolling(), shift(k) with k > 0, ffill() for gaps",
            )
    yield from _filled(p)


def _in_tables(p: Program) -> Iterator[Finding]:
    """Columns that look ahead in ``pd.DataFrame({...})``."""
    for call in q.nodes(p, ast.Call):
        table = call.args[0] if call.args and syntax.text(call.func).endswith("DataFrame") else None
        for key, value in zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ():
            why = _later(value) if key is not None and not _is_target(key) and _is_feature(p, key, call) else ""
            if why:
                yield p.report(
                    "SB473",
                    (value, p.source),
                    f"the feature {syntax.text(key)} {why}: future values leak into the inputs",  # type: ignore[arg-type]
                    why="at prediction time this value is not known yet, so the score is too good (look-ahead, leak)",
                    fix="Use only earlier rows: shift(1) before rolling(), shift(k) with k > 0",
                )


def _past_target(p: Program, columns: Sequence[tuple[ast.Assign, ast.expr]]) -> Iterator[Finding]:
    """``df["target"] = df["close"].shift(1)`` while ``close`` itself is a feature: the answer is an earlier row."""
    if "ascending=False" in p.source.text or "[::-1]" in p.source.text:
        return  # the newest row may come first
    for node, key in columns:
        call = node.value
        moved = isinstance(call, ast.Call) and _name(call) == "shift" and isinstance(call.func, ast.Attribute)
        lagged = any(w.startswith(("lag", "prev", "past", "last", "shift")) for w in words(syntax.text(key)))
        if (
            not moved
            or lagged
            or not _is_target(key)
            or not isinstance(call, ast.Call)
            or not isinstance(call.func, ast.Attribute)
        ):
            continue
        source = call.func.value
        steps = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "periods")]
        back = not steps or (
            isinstance(steps[0], ast.Constant) and isinstance(steps[0].value, int) and steps[0].value > 0
        )
        if not back or not isinstance(source, ast.Subscript) or not isinstance(source.slice, ast.Constant):
            continue
        if _listed(p, source.slice) and not _is_target(source.slice):
            yield p.report(
                "SB473",
                (node, p.source),
                f"the target {syntax.text(key)} is an earlier row of {syntax.text(source.slice)} (shift by a positive "
                "number): the features are later than what they should predict",
                why="shift(1) brings the value of the row before; the value of the next row is shift(-1) (look-ahead)",
                fix=f"Use shift(-1): {syntax.text(source)}.shift(-1)",
            )


def _listed(p: Program, key: ast.Constant) -> bool:
    """Whether a column stands in a list of several columns."""
    text = syntax.text(key)
    return any(text in {syntax.text(e) for e in n.elts} for n in q.nodes(p, ast.List) if len(n.elts) > 1)


def _is_target(key: ast.expr) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and bool(_TARGETS & set(words(key.value)))


def _is_feature(p: Program, key: ast.expr, node: ast.Assign) -> bool:
    """Whether a column name stands in a list of columns somewhere (or columns are only dropped, not listed)."""
    text = syntax.text(key)
    listed = False
    for other in q.nodes(p, ast.List, ast.ListComp):
        parts = other.elts if isinstance(other, ast.List) else [other.elt]
        names = {syntax.text(part) for part in parts}
        if text in names:
            return True
        listed = listed or (len(parts) > 1 and any(isinstance(part, ast.Constant) for part in parts))
    drops = [n for n in q.nodes(p, ast.Call) if isinstance(n.func, ast.Attribute) and n.func.attr == "drop"]
    return any(text not in syntax.text(d) for d in drops) and not listed


def _calls(value: ast.expr) -> list[ast.Call]:
    return [n for n in syntax.walk(value) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _ahead(value: ast.expr) -> bool:
    """Whether an expression looks at later rows with ``shift(-k)``."""
    for call in _calls(value):
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "periods")]
        if (
            _name(call) in ("shift", "pct_change", "diff")
            and given
            and isinstance(given[0], ast.UnaryOp)
            and isinstance(given[0].op, ast.USub)
        ):
            return True
    return False


def _later(value: ast.expr) -> str:
    if _ahead(value):
        return "is taken from later rows (shift, diff or pct_change with a negative number)"
    for call in _calls(value):
        if _name(call) == "rolling" and any(k.arg == "center" and getattr(k.value, "value", 0) for k in call.keywords):
            return "is a centred rolling window (center=True), which looks at later rows"
    return ""


def _present(p: Program, value: ast.expr, made: set[str]) -> str:
    """How a column repeats the target of its own row."""
    calls = _calls(value)
    windows = [c for c in calls if _name(c) in ("rolling", "ewm", "expanding")]
    if not windows or any(_name(c) == "shift" for c in calls):
        return ""
    source = windows[0].func.value if isinstance(windows[0].func, ast.Attribute) else None
    if not isinstance(source, ast.Subscript) or not isinstance(source.slice, ast.Constant):
        return ""
    column = source.slice.value
    if repr(column) in made or not _predicted(p, source):
        return ""
    return f"is a {_name(windows[0])} window that includes the current value of {column!r}, which is the target"


def _predicted(p: Program, source: ast.Subscript) -> bool:
    """Whether a column itself is what is predicted: it becomes a tensor or a ``y``, and is no feature."""
    text = syntax.text(source.slice)
    for other in q.nodes(p, ast.List):
        if len(other.elts) > 1 and text in {syntax.text(e) for e in other.elts}:
            return False
    for node in q.nodes(p, ast.Assign):
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
        for target, value in pairs:
            if not isinstance(target, ast.Name) or not ({"y", "ys"} & set(words(target.id)) or target.id[0] in "yY"):
                continue
            if any(isinstance(n, ast.Subscript) and syntax.text(n.slice) == text for n in syntax.walk(value)):
                return not any(_name(c) in ("shift", "rolling") for c in _calls(value))
    return False


def _filled(p: Program) -> Iterator[Finding]:
    """Gaps of a time series that are filled from later rows."""
    text = p.source.text
    if not any(name in text for name in _TIME) and "parse_dates" not in text:
        return
    for call in q.nodes(p, ast.Call):
        if not isinstance(call.func, ast.Attribute):
            continue
        method = next(
            (getattr(k.value, "value", "") for k in call.keywords if k.arg in ("method", "limit_direction")), ""
        )
        back = call.func.attr in ("bfill", "backfill") or (
            call.func.attr == "fillna" and method in ("bfill", "backfill")
        )
        if back or (call.func.attr == "interpolate" and method == "both"):
            inner = call.func.value
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "ffill":
                continue  # only the rows before the first value are left
            yield p.report(
                "SB473",
                (call, p.source),
                f"gaps are filled from later rows ({call.func.attr}): future values leak into the inputs",
                why="a missing value gets the next known one, which is not known at that time (look-ahead, data leak)",
                fix="Use ffill(), which only looks back",
            )
