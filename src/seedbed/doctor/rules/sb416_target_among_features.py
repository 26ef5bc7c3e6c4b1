"""The target is among the inputs.

## What it does

Finds inputs that contain the target column.

## Why is this bad

The model reads the answer from its input.

## Example

```python
table = torch.randn(100, 5)
x, y = table, table[:, -1]
data = torch.utils.data.TensorDataset(x, y)
```

## Use instead

```python
table = torch.randn(100, 5)
x, y = table[:, :-1], table[:, -1]
data = torch.utils.data.TensorDataset(x, y)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, named_columns, overlaps, places, syntax, training, window_parts
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    pairs = [(e.args[0], e.args[1], e) for e in p.calls("TensorDataset", "train_test_split") if len(e.args) >= 2]
    for event in p.all("loss"):
        if len(event.args) >= 2:
            for f in training.forwards(p):
                if f.result is not None and f.args and f.result in q.chain(event.args[0]):
                    pairs.append((f.args[0], event.args[1], event))
    for left, right, event in pairs:
        column = overlaps.column_of(right)
        if column is None or {id(event.node), id(column[2].node)} & seen:
            continue
        base, at, made = column
        taken = overlaps.columns_in(left, base)
        if taken is None:
            continue
        if taken == (0, None) and event.kind == "loss" and _may_leave_out(p, left, event):
            continue
        width = base.shape[1] if base.shape is not None and len(base.shape) > 1 else None
        if _inside(at, *taken, width) and not _recalled(base) and not _later_rows(left, right, base):
            seen |= {id(event.node), id(made.node)}
            yield p.report(
                "SB416",
                left if left.line else event,
                "the target column is among the inputs: the model reads the answer (a leak)",
                why=f"the inputs contain column {at}, which is the target",
                fix="Leave the target column out of the inputs",
                related=(q.place(made),),
            )
    yield from _named_columns(p, seen)
    yield from _whole_table(p, seen)


def _inside(at: int, low: int, high: int | None, width: int | None) -> bool:
    """Whether a column lies in a range; numbers below zero count from the end of a table of unknown width."""
    if width is not None:
        at, low = (n + width if n < 0 else n for n in (at, low))
        high = high + width if high is not None and high < 0 else high
    if at >= 0:
        if high is None or high >= 0:
            return 0 <= low <= at and (high is None or at < high)
        return at == low  # the first column of a range that is not empty
    if high is not None and high >= 0:
        return False
    last = -1 if high is None else high - 1
    return at == last if low > 0 else at <= last and (low == 0 or low <= at)


def _may_leave_out(p: Program, table: Val, event: Event) -> bool:
    """Whether a model that gets a whole table leaves out a part of it, or gives the whole table back."""
    outs = [f.result for f in training.forwards(p) if f.args and f.args[0] is table and f.result is not None]
    return window_parts.output_cut(event, window_parts.cuts) or any(
        window_parts.leaves_out(table, out, True) for out in outs
    )


def _later_rows(left: Val, right: Val, base: Val) -> bool:
    """Whether inputs and targets are cut out of a table at other rows: ``t[:-1]`` with ``t[1:, -1]``."""
    begins: list[places.Sum] = []
    for side in (left, right):
        total: places.Sum = {}
        for step in lineage.path(side, 30):
            if step is base:
                break
            low = next((k.args[0] for k in places.keys(step)[:1] if k.kind == "slice"), None)
            total = places.minus(total, places.minus({}, (places.as_sum(low) if low is not None else None) or {}))
        begins.append(total)
    return bool(places.number(places.minus(*begins)))


def _recalled(base: Val) -> bool:
    """Whether the table is drawn as whole numbers: a sequence whose first or last token is to be remembered."""
    return any(v.name in ("randint", "np_randint", "integers", "np_integers") for v in q.chain(base)[:6])


def _whole_table(p: Program, seen: set[int]) -> Iterator[Finding]:
    """All columns of a table are the inputs, and one of them (whichever) is the target."""
    pairs = [(f.x, f.y, f.event) for f in lineage.feeds(p)[0] if f.y is not None]
    pairs += [(e.args[0], e.args[1], e) for e in p.calls("TensorDataset") if len(e.args) >= 2]
    for x, y, event in pairs:
        made = next((v for v in lineage.certain(y) if _one_column(v)), None)
        if made is None or id(made.node) in seen or id(event.node) in seen:
            continue
        if not _every_column(x, made.args[0]):
            continue
        seen |= {id(made.node), id(event.node)}
        yield p.report(
            "SB416",
            made,
            "the target column is among the inputs: the model reads the answer (a leak)",
            why="the inputs are all columns of the table, the label column among the features",
            fix="Leave the target column out of the inputs: np.delete(table, t, axis=1)",
        )


def _one_column(step: Val) -> bool:
    """Whether a step takes one column, by a number that is not known: ``table[:, t]``."""
    key = step.args[1] if step.name == "getitem" and len(step.args) > 1 else None
    if key is None or key.kind != "tuple" or not key.items or len(key.items) != 2:
        return False
    rows, column = key.items
    whole = rows.kind == "slice" and rows.args[0].is_none and rows.args[1].is_none
    return whole and column.kind in ("number", "unknown") and column.name in ("index", "get_loc", "int_builtin")


def _every_column(x: Val, table: Val) -> bool:
    """Whether the table reaches the inputs with all its columns."""
    for step in lineage.certain(x):
        if step is table:
            return True
        if step.name in ("delete", "drop", "cat", "concatenate", "hstack", "index_select", "transform", "matmul"):
            return False
        if step.name == "getitem" and len(step.args) > 1 and step.args[1].kind == "tuple":
            return False
    return False


def _named_columns(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Tables with named columns: the target's column is still among those that are fed in."""
    pairs = [(f.x, f.y, f.event) for f in lineage.feeds(p)[0] if f.y is not None]
    pairs += [(e.args[0], e.args[1], e) for e in p.calls("train_test_split", "TensorDataset") if len(e.args) >= 2]
    for x, y, event in pairs:
        if id(event.node) in seen:
            continue
        among = named_columns.column_among(p, x, y)
        found = _column(y) if among is None else None
        if among is None and found is None:
            continue
        where, name = among if among is not None else (_kept(x, *found), found[1]) if found is not None else (None, "")
        if where is not None and not (where.name == "comprehension" and _set_later(p, where, name)):
            seen.add(id(event.node))
            yield p.report(
                "SB416",
                where if where.line else event,
                f"the target column {name!r} is among the inputs: the model reads the answer (a leak)",
                why=f"the table still holds {name!r}, which is the target",
                fix=f"Leave it out of the features: table.drop(columns=[{name!r}])",
            )
            return


def _set_later(p: Program, listed: Val, name: str) -> bool:
    """Whether a column was put into a table only after its columns had been listed."""
    return any(e.args and e.args[0].const == name and e.clock > listed.seq for e in p.all("setitem"))


_OTHER_ROWS = frozenset(["shift", "diff", "pct_change", "rolling", "roll", "np_roll", "ewm"])  # a value of another day


def _column(y: Val) -> tuple[set[int], str] | None:
    """The table (and what it was made from) and the name of the column that a target is, unchanged."""
    for step in lineage.certain(y):
        if step.name == "getitem" and len(step.args) > 1 and isinstance(step.args[1].const, str):
            if "pandas" in step.args[0].tags:
                return {id(v) for v in lineage.path(step.args[0])}, step.args[1].const
            return None
        if step.name == "pop" or step.name in _OTHER_ROWS:
            return None
    return None


def _drops_others(step: Val, name: str) -> bool:
    """Whether ``drop`` names the columns that it takes away, and the target is not among them."""
    given = step.kwargs.get("columns")
    axis = step.kwargs.get("axis")
    if given is None and axis is not None and axis.const in (1, "columns") and len(step.args) > 1:
        given = step.args[1]
    if given is None:
        return False
    names = [i.const for i in given.items or []] if given.kind in ("list", "tuple") else [given.const]
    return bool(names) and all(isinstance(n, str) for n in names) and name not in names


def _left_out(table: Val, key: Val, name: str) -> bool:
    """Whether ``[c for c in table.columns if c not in (...)]`` may leave a column out; yes where it is not certain."""
    gen = key.node.generators[0] if isinstance(key.node, ast.ListComp) and len(key.node.generators) == 1 else None
    over = syntax.text(gen.iter).removesuffix(".columns") if gen is not None else ""
    if gen is None or not isinstance(key.node, ast.ListComp) or syntax.text(key.node.elt) != syntax.text(gen.target):
        return True
    if not over or over != table.var or syntax.text(gen.iter) == over:
        return True
    for test in gen.ifs:
        if (
            not isinstance(test, ast.Compare)
            or len(test.ops) != 1
            or not isinstance(test.ops[0], (ast.NotIn, ast.NotEq))
        ):
            return True
        try:
            given = ast.literal_eval(test.comparators[0])
        except ValueError:
            return True
        if given == name or (isinstance(test.ops[0], ast.NotIn) and name in given):
            return True
    return not gen.ifs


def _kept(x: Val, table: set[int], name: str) -> Val | None:
    """Where the whole table becomes the input with that column in it, ``None`` when it is left out or unknown."""
    for step in lineage.certain(x):
        if step.name == "drop" and step.args and _drops_others(step, name):
            if id(step.args[0]) in table or step.args[0].name == "DataFrame":
                return step
            return None
        if step.name in ("drop", "pop", "filter", "select_dtypes", "loc", "iloc", "difference", "get_dummies"):
            return None
        if step.name == "getitem" and len(step.args) > 1:
            key = step.args[1]
            if key.name == "comprehension" and key.node is not None and not _left_out(step.args[0], key, name):
                return key
            names = [i.const for i in key.items or [] if i.kind == "const"] if key.kind == "list" else None
            if names is not None and names and all(isinstance(n, str) for n in names):
                return step if name in names else None
            if lineage.row_key(step) is None or key.kind == "unknown":
                return None
        if step.name in ("values", "to_numpy") and step.args and id(step.args[0]) in table:
            return step
    return None
