"""The value to predict is part of the input window.

## What it does

Finds windows of a series whose target is an entry of the window itself: one place too early.

## Why is this bad

The model only has to copy its last input. The score is nearly perfect and says nothing about the future.

## Example

```python
xs, ys = [], []
for i in range(len(series) - 10):
    xs.append(series[i : i + 10])
    ys.append(series[i + 9])
x, y = torch.stack(xs), torch.stack(ys)
```

## Use instead

```python
xs, ys = [], []
for i in range(len(series) - 10):
    xs.append(series[i : i + 10])
    ys.append(series[i + 10])
x, y = torch.stack(xs), torch.stack(ys)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, places, syntax, window_parts
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_TARGETS = frozenset(["y", "ys", "target", "targets", "label", "labels", "next", "future", "tgt", "answer"])
Form = dict[str, int]


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _sliding(p)
    yield from _first_label(p)
    yield from _reversed(p)
    yield from _inside(p)
    for window, goal in places.windows_with_target(p):
        if id(goal.node) not in seen:
            seen.add(id(goal.node))
            yield p.report(
                "SB446",
                goal,
                "the target is an entry inside the window: it is already contained in the input "
                f"(line {window.line}, off by one or by the horizon, a leak)",
                why="the window already contains the value to predict: the model copies its last input",
                fix="Take the target after the window: an index from the end of the slice on",
            )
    for window, goal in window_parts.inside(p):
        if id(goal.node) not in seen:
            seen.add(id(goal.node))
            yield p.report(
                "SB446",
                goal,
                "the target is taken from inside the window: it is already contained in the input "
                f"(line {window.line}, off by one, a leak)",
                why="input and target are cut from one window, and the input has the entry that it should predict",
                fix="End the input before the target: x = rows[:, :-1], y = rows[:, -1]",
            )
    if not any(map(_is_window, q.nodes(p, ast.Subscript))):
        return
    for scope in [*q.nodes(p, ast.FunctionDef), p.source.tree]:
        windows = _windows(scope)
        targets = list(_targets(scope)) if windows else []
        local = _assigned(scope) if targets else {}
        for target in targets:
            place = _linear(target.slice, local)
            for window in windows:
                if place is None or ast.dump(window.value) != ast.dump(target.value) or id(target) in seen:
                    continue
                low, high = _linear(window.slice.lower, local), _linear(window.slice.upper, local)
                gap = _minus(high, place) if high is not None else None
                if low is None or gap is None or set(gap) - {""} or not 1 <= gap.get("", 0) <= 3:
                    continue
                ahead = _minus(low, place)
                if not set(ahead) - {""} and ahead.get("", 0) > 0:
                    continue  # the window begins after it
                if not (set(_minus(high or {}, low)) - {""}) and _minus(high or {}, low).get("", 0) < 2:
                    continue
                seen.add(id(target))
                yield p.report(
                    "SB446",
                    (target, p.source),
                    f"the target {syntax.text(target)} is inside the window: it is already contained in the input "
                    f"{syntax.text(window)} (off by one, a leak)",
                    why="the window already contains the value to predict: the model copies its last input",
                    fix=f"Take the target after the window: an index from {syntax.text(window.slice.upper)}",
                )


def _reversed(p: Program) -> Iterator[Finding]:
    """``x = s[h:]`` with ``y = s[:-h]``: the inputs are later than what they should predict."""
    for feed in lineage.feeds(p)[0]:
        pairs = [
            (a, b)
            for a in lineage.certain(feed.x)
            for b in (lineage.certain(feed.y) if feed.y is not None else [])
            if a.name == b.name == "getitem" and a.args[0] is b.args[0] and a is not b
        ]
        for a, b in pairs[:1]:
            mine, other = lineage.row_key(a), lineage.row_key(b)
            if mine is None or other is None or mine.kind != "slice" or other.kind != "slice":
                continue
            if a.dtype == "long" or any(v.name in ("flip", "Embedding") for v in (*lineage.certain(feed.x),)):
                continue
            low, high = mine.args[0].const, other.args[1].const
            late = mine.args[1].is_none and other.args[0].is_none and isinstance(low, int) and isinstance(high, int)
            if late and low > 0 and low == -high:
                yield p.report(
                    "SB446",
                    a,
                    f"the inputs begin {low} rows later than their targets: the model gets the future and is asked for "
                    "the past (shifted the wrong way, a leak)",
                    why="x = s[h:] with y = s[:-h] pairs each value with an earlier one, so nothing is forecast",
                    fix="Swap them: x = s[:-h], y = s[h:]",
                )
                return


def _inside(p: Program) -> Iterator[Finding]:
    """Targets that are a slice of the very window: ``s[i : i + n]`` and ``s[i + n - h : i + n]``."""
    if sum(map(_is_window, q.nodes(p, ast.Subscript))) < 2:
        return
    for func in q.nodes(p, ast.FunctionDef):
        windows = [w for w in _windows(func) if isinstance(w, ast.Subscript)]
        local = _assigned(func) if len(windows) > 1 else {}
        for node in syntax.walk(func) if len(windows) > 1 else ():
            if (
                not isinstance(node, ast.Assign)
                or node.value not in windows
                or not isinstance(node.targets[0], ast.Name)
            ):
                continue
            if not set(words(node.targets[0].id)) & _TARGETS:
                continue
            if _among_many(func, node.targets[0].id):
                continue  # the first part of a longer answer: what a decoder is given to start from
            rivals = _of_name(func, node.targets[0].id)
            mine = _ends(node.value, local)
            if mine is None or any((e := _ends(w, local)) and not _minus(e[1], mine[0]) for w in windows):
                continue  # another slice ends where it begins: that is the input
            for window in windows:
                other = _ends(window, local)
                if id(window) in rivals or ast.dump(window.value) != ast.dump(node.value.value):
                    continue
                if mine and other and not _minus(mine[1], other[1]) and _minus(mine[0], other[0]):
                    yield p.report(
                        "SB446",
                        (node, p.source),
                        f"the target {syntax.text(node.value)} is inside the window {syntax.text(window)}: it is "
                        "already contained in the input (a leak)",
                        why="both slices end at the same place, so the model reads what it has to predict",
                        fix=f"Let the target begin where the window ends: {syntax.text(window.slice.upper)}",  # type: ignore[attr-defined]
                    )
                    break


def _of_name(func: ast.AST, name: str) -> set[int]:
    """All that the values of a name are made from: what it is in another branch is not its input."""
    made = [n.value for n in syntax.walk(func) if isinstance(n, ast.Assign) and _names(n.targets, name)]
    return {id(part) for value in made for part in syntax.walk(value)}


def _names(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(t, ast.Name) and t.id == name for t in targets)


def _among_many(func: ast.AST, name: str) -> bool:
    """Whether a name is given back together with three others or more: which one is predicted is not known."""
    many = [
        n.value.elts
        for n in syntax.walk(func)
        if isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple) and len(n.value.elts) > 3
    ]
    return any(_names(elements, name) for elements in many)


def _ends(window: Any, local: dict[str, ast.expr]) -> tuple[Form, Form] | None:
    low, high = _linear(window.slice.lower, local), _linear(window.slice.upper, local)
    return (low, high) if low is not None and high is not None else None


def _first_label(p: Program) -> Iterator[Finding]:
    """``s[i : i + n]`` with ``y[i]``, where ``y`` has a row for each of ``s``: the label of the window's first row."""
    seen: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        window = next((v for v in lineage.certain(feed.x) if v.name == "getitem" and len(v.args) > 1), None)
        goal = lineage.certain(feed.y) if feed.y is not None else []
        label = next((v for v in goal if v.name == "getitem" and len(v.args) > 1), None)
        if window is None or label is None or window.args[1].kind != "slice" or id(label.node) in seen:
            continue
        low, high = window.args[1].args[:2]
        if low is not label.args[1] or low.kind != "number" or high.name != "add" or low not in high.args:
            continue
        width = next((a.const for a in high.args if a is not low), None)
        tables = window.args[0], label.args[0]
        rows = [t.shape[0] if t.shape else None for t in tables]
        if not isinstance(width, int) or width < 3 or not isinstance(rows[0], int) or rows[0] != rows[1]:
            continue
        if tables[0] is tables[1] or not lineage.same_rows(*tables) or "randint" in {v.name for v in lineage.path(low)}:
            continue
        seen.add(id(label.node))
        yield p.report(
            "SB446",
            label,
            f"the label is that of the first row of the window: the other {width - 1} rows lie in its future (a leak)",
            why="label and series have one row for each time, so the window should end where its label is",
            fix="Take the label of the last row, or the window before it: s[i - n : i] with y[i]",
        )


def _sliding(p: Program) -> Iterator[Finding]:
    """Tables of all windows (``unfold``, ``sliding_window_view``) whose targets are the last entries of the windows."""
    seen: set[int] = set()
    for feed in lineage.feeds(p)[0]:
        cuts = lineage.certain(feed.x)
        view = next((v for v in cuts if v.name in ("unfold", "sliding_window_view") and v.args), None)
        if view is None or feed.y is None:
            continue
        size = view.arg(2, "size") if view.name == "unfold" else view.arg(1, "window_shape")
        width = size.const if size is not None else None
        begin = sum(_start(v) or 0 for v in cuts[: cuts.index(view)])
        later = 0
        for step in lineage.certain(feed.y):
            first = _start(step)
            later += first or 0
            same = step.args and any(step.args[0] is v for v in (view.args[0], *lineage.path(view.args[0], 12)))
            if first is None or not same or not isinstance(width, int) or width < 2 or id(step.node) in seen:
                continue
            if later == begin + width - 1:
                seen.add(id(step.node))
                yield p.report(
                    "SB446",
                    step,
                    f"the targets begin at entry {first}, which is inside the window: the last of the {width} entries "
                    "that are already contained in the input (off by one, a leak)",
                    why="the window already contains the value to predict: the model copies its last input",
                    fix=f"Take the target after the window: from entry {first + 1} on",
                )


def _start(step: Val) -> int | None:
    """Where a slice of rows begins, when a step is one."""
    key = lineage.row_key(step)
    if key is None or key.kind != "slice" or not key.args[2].is_none:
        return None
    low = key.args[0]
    return 0 if low.is_none else low.const if isinstance(low.const, int) and low.const >= 0 else None


def _assigned(scope: Any) -> dict[str, ast.expr]:
    """Names that are assigned once, from arithmetic on other names."""
    found: dict[str, ast.expr] = {}
    counts: dict[str, int] = {}
    for node in syntax.walk(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            counts[name] = counts.get(name, 0) + 1
            if isinstance(node.value, (ast.BinOp, ast.Name, ast.Constant)):
                found[name] = node.value
    return {n: v for n, v in found.items() if counts[n] == 1}


def _linear(node: ast.expr | None, local: dict[str, ast.expr], depth: int = 0) -> Form | None:
    """``i + n - 1`` as ``{"i": 1, "n": 1, "": -1}``, ``None`` for anything else."""
    if node is None or depth > 6:
        return None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return {"": node.value}
    if isinstance(node, ast.Name) and node.id in local and isinstance(local[node.id], ast.BinOp):
        inner = _linear(local[node.id], local, depth + 1)
        if inner is not None:
            return inner
    if isinstance(node, (ast.Name, ast.Attribute)):
        return {syntax.text(node): 1}
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        left, right = _linear(node.left, local, depth + 1), _linear(node.right, local, depth + 1)
        if left is None or right is None:
            return None
        sign = 1 if isinstance(node.op, ast.Add) else -1
        return _minus(left, {k: -sign * v for k, v in right.items()})
    return None


def _minus(a: Form, b: Form) -> Form:
    found = {k: a.get(k, 0) - b.get(k, 0) for k in a.keys() | b.keys()}
    return {k: v for k, v in found.items() if v}


def _windows(scope: Any) -> list[Any]:
    """Slices with both ends, of which at least one moves with a name."""
    return [n for n in syntax.below(scope, ast.Subscript) if _is_window(n)]


def _is_window(n: ast.AST) -> bool:
    return (
        isinstance(n, ast.Subscript)
        and isinstance(n.slice, ast.Slice)
        and n.slice.lower is not None
        and n.slice.upper is not None
        and not isinstance(n.slice.lower, ast.Constant)
    )


def _targets(scope: Any) -> Iterator[Any]:
    """Single items that are kept as targets: appended to ``ys``, assigned to ``y``, second in what is returned."""
    for node in syntax.walk(scope):
        value: ast.AST | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            if node.args and set(words(syntax.text(node.func.value).replace(".", "_"))) & _TARGETS:
                value = node.args[0]
            elif node.args and isinstance(node.args[0], ast.Tuple) and len(node.args[0].elts) == 2:
                value = node.args[0].elts[1]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value if set(words(node.targets[0].id)) & _TARGETS else None
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
        ):
            value = node.value.elts[-1] if len(node.value.elts) == 2 else None
        elif (
            isinstance(node, (ast.Return, ast.Yield))
            and isinstance(node.value, ast.Tuple)
            and len(node.value.elts) == 2
        ):
            value = node.value.elts[1]
        if value is None:
            continue
        for part in syntax.walk(value):
            if isinstance(part, ast.Subscript) and isinstance(part.slice, (ast.BinOp, ast.Name)):
                yield part
