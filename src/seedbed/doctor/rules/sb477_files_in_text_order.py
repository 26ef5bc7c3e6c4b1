"""Numbered files are sorted as text, while their labels stand in the order of the numbers.

## What it does

Finds `sorted` lists of files whose names hold a bare number, paired by position with labels from somewhere else.

## Why is this bad

As text `img_10` comes before `img_2`: from the third file on, every image has the label of another one.

## Example

```python
import os
import numpy as np
for i, image in enumerate(images):
    np.save(f"out/img_{i}.npy", image)
files = sorted(os.listdir("out"))
labels = np.loadtxt("labels.txt")
data = [(np.load(name), labels[i]) for i, name in enumerate(files)]
```

## Use instead

```python
import os
import numpy as np
for i, image in enumerate(images):
    np.save(f"out/img_{i:05d}.npy", image)
files = sorted(os.listdir("out"))
labels = np.loadtxt("labels.txt")
data = [(np.load(name), labels[i]) for i, name in enumerate(files)]
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_FILES = re.compile(r"\.(npy|npz|png|jpe?g|bmp|txt|wav|pt|csv|tif+|json)$")
_TABLES = frozenset(["loadtxt", "genfromtxt", "read_csv", "read_table", "load", "readlines", "splitlines", "loads"]) | {
    "read_text",
    "open",
}
_LABEL = re.compile(r"label|target|annotation|classes|caption|answer")
_COUNTERS = frozenset(
    ["idx", "index", "step", "epoch", "num", "number", "no", "nr", "frame", "id", "count", "row", "t"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    names = [n for n in q.nodes(p, ast.JoinedStr) if _numbered(n)]
    labelled = any(
        _called(c) in _TABLES and _LABEL.search(syntax.text(c).lower() + _target(p, c)) for c in q.nodes(p, ast.Call)
    )
    if not names or not labelled:
        return
    for call in q.nodes(p, ast.Call):
        if _called(call) != "sorted" or any(k.arg == "key" for k in call.keywords) or not call.args:
            continue
        if not _lists_files(p, call.args[0]):
            continue
        yield p.report(
            "SB477",
            (call, p.source),
            "numbered file names are sorted as text (lexicographic order: 0, 1, 10, 11, 2), but the labels are in "
            "numeric order",
            why=f"the names are made by {syntax.text(names[0])} without leading zeros, so from some file on every "
            "sample has the wrong label (mismatch of file name and label)",
            fix="Sort by the number, sorted(files, key=number_of), or write names with leading zeros: {i:05d}",
        )


def _called(call: ast.Call) -> str:
    return syntax.text(call.func).rsplit(".", 1)[-1]


def _target(p: Program, call: ast.Call) -> str:
    for node in q.nodes(p, ast.Assign):
        if any(n is call for n in syntax.walk(node.value)):
            return syntax.text(node.targets[0]).lower()
    return ""


def _numbered(name: ast.JoinedStr) -> bool:
    """Whether a file name holds a number without padding."""
    last = name.values[-1]
    if not isinstance(last, ast.Constant) or not _FILES.search(str(last.value)):
        return False
    numbers = [v for v in name.values if isinstance(v, ast.FormattedValue)]
    return any(
        v.format_spec is None and isinstance(v.value, ast.Name) and (v.value.id in "ijkn" or v.value.id in _COUNTERS)
        for v in numbers[-1:]
    )


def _lists_files(p: Program, node: ast.expr) -> bool:
    text = syntax.text(node)
    if any(word in text for word in ("listdir", "glob", "iterdir", "scandir")):
        return True
    if isinstance(node, ast.Name):
        made = [n.value for n in q.nodes(p, ast.Assign) if syntax.text(n.targets[0]) == node.id]
        return any("listdir" in syntax.text(v) or "glob" in syntax.text(v) for v in made)
    return False
