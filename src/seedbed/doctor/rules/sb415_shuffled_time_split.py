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
    for event in p.calls("Subset", "SubsetRandomSampler"):
        drawn = _random_part(event)
        if drawn is not None and id(drawn.node) not in seen and _of_windows(p, event):
            seen.add(id(drawn.node))
            yield _finding(p, drawn)
    for event in p.all("getitem"):
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
    for event in p.all("getitem"):
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
        return any(_windowed_class(v) for v in event.args[0].options())
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
    if (val.name == "unfold" and val.kind in ("tensor", "unknown")) or val.name == "sliding_window_view":
        return True
    if (
        val.kind in ("list", "iter")
        and val.name == "comprehension"
        and isinstance(val.node, (ast.ListComp, ast.GeneratorExp))
    ):
        return _slides(
            val.node.elt,
            {n.id for g in val.node.generators for n in syntax.walk(g.target) if isinstance(n, ast.Name)},
        )
    if val.kind == "list" and "grown" in val.tags and val.items:
        return any(_slides(i.node, None) for i in val.items if isinstance(i.node, ast.expr))
    return False


def _slides(node: ast.AST, names: set[str] | None) -> bool:
    local = {
        t.id: n.value
        for n in syntax.walk(node)
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    for n in syntax.walk(node):
        if isinstance(n, ast.Slice) and isinstance(n.lower, ast.BinOp) and isinstance(n.lower.op, ast.Sub):
            high = n.upper
            if isinstance(high, ast.Name) and syntax.text(n.lower.left) == high.id and (not names or high.id in names):
                return True
        if isinstance(n, ast.Slice) and isinstance(n.upper, ast.Name) and n.upper.id in local:
            n = ast.Slice(n.lower, local[n.upper.id], n.step)
        if (
            isinstance(n, ast.Slice)
            and n.lower is not None
            and n.upper is not None
            and isinstance(n.upper, ast.BinOp)
            and isinstance(n.upper.op, ast.Add)
        ):
            low = syntax.text(n.lower)
            if (
                isinstance(n.lower, ast.Name)
                and low in {syntax.text(n.upper.left), syntax.text(n.upper.right)}
                and (names is None or low in names)
            ):
                return True
    return False


def _windowed_class(val: Val) -> bool:
    if val.kind != "dataset" or val.owner is None or not hasattr(val.owner, "method"):
        return False
    method = val.owner.method("__getitem__")
    return method is not None and _slides(method.node, {a.arg for a in method.node.args.args[1:2]})
