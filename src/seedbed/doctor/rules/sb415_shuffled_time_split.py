"""A time series is split at random: the future leaks.

## What it does

Finds windows of a time series that are split at random.

## Why is this bad

Neighbouring windows overlap. With a random split the test windows are almost copies of training windows.

## Example

```python
from sklearn.model_selection import train_test_split
series = torch.randn(1000)
windows = torch.stack([series[i : i + 20] for i in range(980)])
x_train, x_test = train_test_split(windows, test_size=0.2, random_state=0)
model(x_train)
```

## Use instead

```python
series = torch.randn(1000)
windows = torch.stack([series[i : i + 20] for i in range(980)])
x_train, x_test = windows[:760], windows[780:]
model(x_train)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.calls("train_test_split", "random_split"):
        flag = event.kwargs.get("shuffle")
        if (flag is not None and flag.const is False) or id(event.node) in seen or not event.args:
            continue
        if any(_windows(v) for a in event.args[:2] for v in ancestors(a, limit=200)) or any(
            _windowed_class(v) for v in ancestors(event.args[0], limit=90)
        ):
            seen.add(id(event.node))
            yield _finding(p, event)
    yield from _shuffled_lists(p)
    for event in p.calls("Subset", "SubsetRandomSampler"):
        drawn = _random_part(event)
        if drawn is not None and id(drawn.node) not in seen and _of_windows(p, event):
            seen.add(id(drawn.node))
            yield _finding(p, drawn)
    cut_up = p.all("getitem") if p.made(*_ORDERS) else []
    for event in cut_up:
        if (
            (
                event.args
                and event.recv is not None
                and id(event.node) not in seen
                and any(
                    v.name in ("randperm", "np_permutation", "permutation") for v in ancestors(event.args[0], limit=10)
                )
            )
            and not event.loops
            and any(_windows(v) for v in ancestors(event.recv, limit=200))
            and not event.recv.split
        ):
            perm = next(v for v in ancestors(event.args[0], limit=10) if "perm" in v.name)
            uses = [
                e
                for e in p.all("getitem")
                if e.args and any(v is perm for v in ancestors(e.args[0], limit=10)) and e.recv is not perm
            ]
            cuts = [
                e
                for e in p.all("getitem")
                if e.recv is perm or (e.recv is not None and e.recv in [u.recv for u in uses])
            ]
            if cuts and id(perm.node) not in seen:
                seen |= {id(perm.node), id(event.node)}
                yield _finding(p, perm)
    for event in cut_up:
        if not event.args or event.recv is None:
            continue
        perms = [v for v in ancestors(event.args[0], limit=90) if v.name in ("randperm", "np_permutation")]
        cut = [
            v
            for v in ancestors(event.args[0], limit=90)
            if v.name == "getitem" and v.args[0] in perms and len(v.args) > 1 and v.args[1].kind == "slice"
        ]
        if cut and id(cut[0].args[0].node) not in seen and any(_windows(v) for v in ancestors(event.recv, limit=200)):
            seen.add(id(cut[0].args[0].node))
            yield _finding(p, cut[0].args[0])


def _shuffled_lists(p: Program) -> Iterator[Finding]:
    """A list of windows that is shuffled where it is and then cut in two."""
    for event in p.calls("shuffle"):
        table = event.args[0] if event.args and not event.loops else None
        if table is None or table.kind != "list" or not _windows(table):
            continue
        keys = [e.args[0] for e in p.all("getitem") if e.recv is table and e.args and e.seq > event.seq]
        ends = {(k.args[0].is_none, k.args[1].is_none) for k in keys if k.kind == "slice"}
        if {(True, False), (False, True)} <= ends:
            yield _finding(p, event)


def _random_part(event: Event) -> Val | None:
    """The random order of which a subset or sampler takes one part."""
    index = event.args[1] if event.name.endswith("Subset") and len(event.args) > 1 else None
    index = event.args[0] if event.name.endswith("Sampler") and event.args else index
    for cut in ancestors(index, limit=20) if index is not None else ():
        if cut.name == "getitem" and len(cut.args) > 1 and cut.args[1].kind == "slice":
            return next((v for v in ancestors(cut.args[0], limit=8) if v.name in _ORDERS), None)
    return None


_ORDERS = ("randperm", "np_permutation", "permutation")


def _of_windows(p: Program, event: Event) -> bool:
    """Whether a subset (or the loader of a sampler) takes samples that are windows of one series."""
    if event.name.endswith("Subset"):
        return any(_windowed_class(v) or any(map(_windows, ancestors(v, limit=60))) for v in event.args[0].options())
    for other in p.calls("DataLoader"):
        if other.kwargs.get("sampler") is event.result and other.args:
            return any(_windowed_class(v) for v in other.args[0].options())
    return False


def _finding(p: Program, at: Event | Val) -> Finding:
    return p.report(
        "SB415",
        at,
        "windows of a time series are split at random: the future leaks into the training data",
        why="overlapping neighbours end up in training and test, so the score is far too good",
        fix="Split by time: train on the first part, test on the last, with a gap of one window",
    )


def _windows(val: Val) -> bool:
    """Whether a value is a table of windows of one series that certainly overlap."""
    if val.name == "unfold" and val.kind in ("tensor", "unknown"):
        return _unfolds(val)
    if val.name == "sliding_window_view":
        return True
    if (
        val.kind in ("list", "iter")
        and val.name == "comprehension"
        and isinstance(val.node, (ast.ListComp, ast.GeneratorExp))
    ):
        return any(
            _slides(val.node.elt, {n.id for n in syntax.walk(g.target) if isinstance(n, ast.Name)}, g.iter, val)
            for g in val.node.generators
        )
    if val.kind == "list" and "grown" in val.tags and val.items:
        return any(
            _slides(i.node, {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}, loop.iter, val)
            for i in val.items
            if isinstance(i.node, ast.expr)
            for loop in (i.src.by_type().get(ast.For, ()) if i.src is not None else ())
            if isinstance(loop, ast.For) and any(n is i.node for n in syntax.walk(loop))
        )
    return False


def _unfolds(val: Val) -> bool:
    """``x.unfold(0, size, step)`` over the samples, with a step that is smaller than the size."""
    axis, size, step = (val.arg(i, name) for i, name in ((1, "dimension"), (2, "size"), (3, "step")))
    if axis is None or size is None or step is None or step is size or not isinstance(step.const, int):
        return False
    rank = len(val.args[0].shape) if val.args[0].shape is not None else None
    over = axis.const == 0 or (axis.const == -1 and rank == 1)
    return over and (step.const == 1 or (isinstance(size.const, int) and step.const < size.const))


def _slides(node: ast.AST, names: set[str], over: ast.expr | None = None, val: Val | None = None) -> bool:
    """Whether ``x[i : i + n]`` is cut for an ``i`` that goes on by less than ``n``."""
    local = {
        t.id: n.value
        for n in syntax.walk(node)
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    for n in syntax.walk(node):
        low: Any = n.lower if isinstance(n, ast.Slice) else None
        high: Any = n.upper if isinstance(n, ast.Slice) else None
        if low is None or high is None:
            continue
        if _ends_at(low, high, names) and _closer(over, low.right, val):
            return True
        if isinstance(high, ast.Name) and high.id in local:
            high = local[high.id]
        if isinstance(high, ast.BinOp) and isinstance(high.op, ast.Add) and isinstance(low, ast.Name):
            sides = {syntax.text(high.left): high.right, syntax.text(high.right): high.left}
            if low.id in sides and low.id in names and _closer(over, sides[low.id], val):
                return True
    return False


def _ends_at(low: Any, high: Any, names: set[str]) -> bool:
    """``x[i - n : i]``."""
    back = isinstance(low, ast.BinOp) and isinstance(low.op, ast.Sub) and isinstance(high, ast.Name)
    return back and syntax.text(low.left) == high.id and high.id in names


_COUNTERS = frozenset(["range", "arange", "trange"])


def _closer(over: ast.expr | None, width: ast.expr, val: Val | None) -> bool:
    """Whether a counter goes on by less than the width of a window; without a counter it is the index itself."""
    if over is None:
        return True
    while (
        isinstance(over, ast.Call) and syntax.text(over.func) in ("tqdm", "trange", "list", "enumerate") and over.args
    ):
        over = over.args[0]
    if not isinstance(over, ast.Call) or syntax.text(over.func).rsplit(".", 1)[-1] not in _COUNTERS:
        return False  # drawn starts, or one window of each of many series
    if len(over.args) < 3:
        return not (isinstance(width, ast.Constant) and width.value == 1)
    step = over.args[2]
    if syntax.text(step) == syntax.text(width):
        return False
    if isinstance(step, ast.Constant) and step.value == 1:
        return True
    numbers = [_number(part, val) for part in (step, width)]
    if numbers[0] is None or numbers[1] is None:
        return numbers[0] == 1
    return numbers[0] < numbers[1]


def _number(node: ast.expr, val: Val | None) -> int | None:
    """A whole number, written there or given once to a name of the file."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        top, bottom = _number(node.left, val), _number(node.right, val)
        return top // bottom if top is not None and bottom else None
    if not isinstance(node, ast.Name) or val is None or val.src is None:
        return None
    given: list[Any] = []
    for one in val.src.by_type().get(ast.Assign, ()):
        for target in getattr(one, "targets", ()):
            pairs = [(target, getattr(one, "value", None))]
            if isinstance(target, ast.Tuple) and isinstance(pairs[0][1], ast.Tuple):
                pairs = list(zip(target.elts, pairs[0][1].elts, strict=False))
            given += [value for name, value in pairs if isinstance(name, ast.Name) and name.id == node.id]
    given = given or _defaults(node.id, val)
    return _number(given[0], None) if len(given) == 1 and isinstance(given[0], ast.expr) else None


def _defaults(name: str, val: Val) -> list[Any]:
    """The default of a parameter of this name that no call of its function gives another value."""
    found: list[Any] = []
    for func in val.src.by_type().get(ast.FunctionDef, ()) if val.src is not None else ():
        if not isinstance(func, ast.FunctionDef):
            continue
        args = func.args.args
        for place, (arg, value) in enumerate(
            zip(args[len(args) - len(func.args.defaults) :], func.args.defaults, strict=True),
            len(args) - len(func.args.defaults),
        ):
            if arg.arg == name and not _given(func.name, name, place, val):
                found.append(value)
    return found


def _given(func: str, name: str, place: int, val: Val) -> bool:
    for call in val.src.by_type().get(ast.Call, ()) if val.src is not None else ():
        if not isinstance(call, ast.Call) or syntax.text(call.func).rsplit(".", 1)[-1] != func:
            continue
        if len(call.args) > place or any(k.arg in (name, None) for k in call.keywords):
            return True
    return False


def _windowed_class(val: Val) -> bool:
    if val.kind != "dataset" or val.owner is None or not hasattr(val.owner, "method"):
        return False
    method = val.owner.method("__getitem__")
    return method is not None and _slides(method.node, {a.arg for a in method.node.args.args[1:2]})
