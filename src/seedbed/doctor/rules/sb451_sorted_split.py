"""Data that is sorted by class is cut without shuffling.

## What it does

Finds data in blocks of classes (also the sorted tables of scikit-learn) that is split by position.

## Why is this bad

The last part then holds classes that the first part never shows, or only one class.

## Example

```python
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
x, y = torch.tensor(x).float(), torch.tensor(y)
model, optimizer = nn.Linear(4, 3), None
for epoch in range(9):
    F.cross_entropy(model(x[:120]), y[:120]).backward()
with torch.no_grad():
    print((model(x[120:]).argmax(1) == y[120:]).float().mean())
```

## Use instead

```python
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
order = torch.randperm(150)
x, y = torch.tensor(x).float()[order], torch.tensor(y)[order]
model, optimizer = nn.Linear(4, 3), None
for epoch in range(9):
    F.cross_entropy(model(x[:120]), y[:120]).backward()
with torch.no_grad():
    print((model(x[120:]).argmax(1) == y[120:]).float().mean())
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, orders, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_OTHER = ("reshape", "T", "transpose", "comprehension", "batch")
_SORTED = frozenset(["load_iris_x", "load_wine_x", "load_iris_y", "load_wine_y", "load_iris", "load_wine"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learned, measured = lineage.feeds(p)
    yield from _by_folder(p)
    if not learned and p.trains:
        yield from _plain_cuts(p)
    for one in learned:
        for two in measured:
            if one.y is None or two.y is None or not _blocks(one.y) or not _blocks(two.y):
                continue
            cuts = _by_place(p, one.y)
            if cuts is None or _by_place(p, two.y) is None or _mixed(p, one.y) or _mixed(p, two.y):
                continue
            yield _say(p, cuts)
            return


def _say(p: Program, at: Event | Val) -> Finding:
    return p.report(
        "SB451",
        at,
        "the data is sorted by class and split by position, not shuffled: the parts hold different classes",
        why="the last rows are of the last class only, so the test asks for what the training hardly saw",
        fix="Shuffle before the cut, or use train_test_split(..., stratify=y)",
    )


_OF_NAME = re.compile(
    r"""\.parent\.(name|stem)\b|\.parts\[-2\]|dirname\(|split\((['"]/['"]|os\.sep|os\.path\.sep)\)\[(-2|0)\]"""
    r"""|split\(['"][-_.]['"](, \d)?\)\[0\]|\.startswith\(|partition\(['"][-_./]['"]\)\[0\]"""
)


def _by_folder(p: Program) -> Iterator[Finding]:
    """A sorted listing that is cut, where the class is the folder or the first part of the name."""
    for head, tail in _cuts(p):
        base = head.recv
        if base is not None and base.kind == "list" and _listed(p, base) and not orders.orders(p, base):
            yield _say(p, head)
            return
        if base is None or base.name != "sorted" or "key" in base.kwargs or orders.orders(p, base):
            continue
        if _named_after(p, head) and _named_after(p, tail):
            yield _say(p, head)
            return


def _listed(p: Program, base: Val) -> bool:
    """Whether a list was filled class by class: in a loop over classes, with their number as the last part."""
    if any(e.recv is base and e.name.rsplit(".", 1)[-1] == "sort" for e in p.calls("sort")):
        return False
    labels = []
    for event in p.all("keep"):
        if event.recv is not base:
            continue
        parts = event.args[0].items or [] if event.args and event.args[0].kind == "tuple" else []
        loops = event.loops
        outer = [n for loop in loops[:-1] for n in syntax.walk(getattr(loop.node, "target", loop.node))]
        counts = len(parts) == 2 and (parts[-1].kind == "number" or type(parts[-1].const) is int)
        if not counts or not isinstance(loops[-1].node, ast.For):
            return False
        if not any(isinstance(n, ast.Name) and n.id == parts[-1].var for n in outer):
            return False
        labels.append(parts[-1])
    goals = [feed.y for side in lineage.feeds(p) for feed in side if feed.y is not None]
    return bool(labels) and any(v is label for y in goals for v in ancestors(y, limit=60) for label in labels)


def _named_after(p: Program, cut: Event) -> bool:
    """Whether targets are read off the beginning of the names in a part of a listing."""
    for side in lineage.feeds(p):
        for feed in side:
            way = list(ancestors(feed.y, limit=150)) if feed.y is not None else []
            part = next((v for v in way if v.node is cut.node and v.args and v.args[0] is cut.recv), None)
            if part is None:
                continue
            for val in way:
                told = (
                    val.node is not None and isinstance(val.node, ast.expr) and _OF_NAME.search(syntax.text(val.node))
                )
                if told and any(v is part for v in ancestors(val, limit=60)):
                    return True
    return False


def _cuts(p: Program) -> Iterator[tuple[Event, Event]]:
    """Pairs of a head and a tail that the same rows are cut into, where nothing has mixed the rows."""
    mixed = orders.shuffled_in_place(p)
    heads: dict[int, Event] = {}
    tails: dict[int, Event] = {}
    for event in p.all("getitem"):
        key, base = event.args[0] if event.args else None, event.recv
        if key is None or base is None or key.kind != "slice" or event.loops or id(base) in mixed:
            continue
        if key.args[0].is_none and not key.args[1].is_none:
            heads.setdefault(id(base), event)
        elif not key.args[0].is_none and key.args[1].is_none:
            tails.setdefault(id(base), event)
    for base_id, head in heads.items():
        if base_id in tails:
            yield head, tails[base_id]


def _plain_cuts(p: Program) -> Iterator[Finding]:
    """The same without a model to follow: a head and a tail of rows in order, which pick sorted targets."""
    mixed = orders.shuffled_in_place(p)
    heads: dict[int, Event] = {}
    tails: set[int] = set()
    for event in p.once("getitem"):
        key, base = event.args[0] if event.args else None, event.recv
        if key is None or base is None or key.kind != "slice" or event.loops or id(base) in mixed:
            continue
        if key.args[0].is_none and not key.args[1].is_none:
            heads.setdefault(id(base), event)
        elif not key.args[0].is_none and key.args[1].is_none:
            tails.add(id(base))
    for base_id, head in heads.items():
        base = head.recv
        if base_id not in tails or base is None:
            continue
        if orders.orders(p, base):
            continue
        if _blocks(base) or (base.name in ("arange", "range", "list") and _picks_sorted(p, base)):
            yield _say(p, head)
            return


def _picks_sorted(p: Program, base: Val) -> bool:
    """Whether sorted targets are indexed with parts of these row numbers."""
    return any(
        event.recv is not None
        and event.args
        and any(v is base for v in ancestors(event.args[0], limit=30))
        and _blocks(event.recv)
        for event in p.all("getitem")
    )


def _mixed(p: Program, y: Val) -> bool:
    """Whether rows were put in a random order before they were cut."""
    found = orders.orders(p, y)
    return any(id(s.node) not in lineage.stepping(p) for k, s in found.items() if k[0] != "loader")


def _by_place(p: Program, y: Val) -> Val | None:
    """The first cut of ``y``, when all its cuts are slices or unshuffled splits."""
    found: Val | None = None
    block = _block(y)
    for step in lineage.certain(y):
        if step is block:
            break
        key = lineage.row_key(step)
        if step.name == "train_test_split":
            flag = step.kwargs.get("shuffle")
            if flag is None or flag.const is not False:
                return None
            found = step
        elif key is not None and key.kind == "slice" and key.args[2].is_none and not lineage.is_batch(p, step):
            found = step
        elif step.name == "batch" and (part := _positions(step)) is not None:
            found = part
        elif (key is not None and not lineage.is_batch(p, step)) or step.name in _OTHER:
            return None
    return found


_DRAWS = frozenset(["random_split", "randperm", "permutation", "shuffle", "sample", "np_permutation"])


def _positions(step: Val) -> Val | None:
    """The part of a data set that a batch comes from, when it is a range of places."""
    data = step.args[1].arg(0, "dataset") if len(step.args) > 1 else None
    index = data.arg(1, "indices") if data is not None and data.name == "Subset" else None
    made = list(ancestors(index, limit=8)) if index is not None else []
    ranged = any(v.name == "range" and len(v.args) < 3 for v in made[:4])
    return data if ranged and not any(v.name in _DRAWS for v in made) else None


def _blocks(y: Val) -> bool:
    """Whether targets come in blocks of equal classes."""
    return _block(y) is not None


_FOLDERS = ("ImageFolder", "DatasetFolder")


def _block(y: Val) -> Val | None:
    """The step that makes targets in blocks of equal classes."""
    for step in lineage.path(y):
        if step.name in _SORTED or (step.kind == "dataset" and step.name in _FOLDERS):
            return step
        if step.name in ("repeat_interleave", "np_repeat") and step.args and step.args[0].name in ("arange", "range"):
            return step
        if step.name in ("cat", "concatenate", "hstack") and step.args and step.args[0].items:
            parts = step.args[0].items
            several = len(parts) > 1 and all(_constant(i) for i in parts)
            if several or (step.args[0].name == "comprehension" and _constant(parts[-1]) and _counted(parts[-1])):
                return step
    return None


def _counted(part: Val) -> bool:
    """Whether a constant column holds the number of the round of a loop."""
    values = [v for v in ancestors(part, limit=12) if v.kind == "number"]
    return any(v.args and v.args[0].name in ("range", "enumerate") for v in values)


def _constant(part: Val) -> bool:
    while part.name in ("long", "float", "astype", "to", "int", "view", "reshape") and part.args:
        part = part.args[0]
    return part.name in ("zeros", "ones", "full") and part.kind == "tensor"
