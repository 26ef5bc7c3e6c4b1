"""Numbered files are sorted as text, while their labels stand in the order of the numbers.

## What it does

Finds `sorted` lists of files whose names hold a bare number, paired by position with labels from somewhere else, and
checkpoints that are chosen as the last one of such a list.

## Why is this bad

As text `img_10` comes before `img_2`: from the third file on, every image has the label of another one. The last
checkpoint of twelve is `epoch_9.pt`, so an older model is loaded.

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
from seedbed.doctor.static.values import Val

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
    yield from _newest(p)
    names = [n for n in q.nodes(p, ast.JoinedStr) if _numbered(n)]
    labelled = bool(names) and any(
        _called(c) in _TABLES and _LABEL.search(syntax.text(c).lower() + _target(p, c)) for c in q.nodes(p, ast.Call)
    )
    if not labelled:
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


def _newest(p: Program) -> Iterator[Finding]:
    """The newest checkpoint is chosen as the last name in the order of text."""
    written = [(e, name, n) for e in p.once("save") for val in e.args[1:2] for name, n in _bare_numbers(val)]
    seen: set[int] = set()
    for event in p.once("load") if written else ():
        for listed in [o for val in event.args[:1] for o in _chosen_last(p, val)]:
            files = _listing(listed)
            names = [(e, name) for e, name, n in written if _fits(files, name) and _grows_a_digit(n)]
            if files is None or not names or id(listed.node) in seen:
                continue
            seen.add(id(listed.node))
            yield p.report(
                "SB477",
                listed,
                "the newest checkpoint is chosen by sorting file names as text (lexicographic order): 9 comes after 11",
                why=f"the names are made by {_written(names[0][1])} without leading zeros, so from ten files on "
                "an older checkpoint is loaded instead of the last one",
                fix="Compare the numbers, key=lambda path: int(path.stem.split('_')[-1]), or zero-pad: {epoch:04d}",
                related=((str(names[0][0].src.path), names[0][0].line, "the file is written here"),),
            )


def _written(name: Val) -> str:
    return syntax.text(name.node) if name.node is not None else name.name


def _within(val: Val) -> Iterator[Val]:
    """A file name: the parts of a path behind which it stands are seen through."""
    for one in val.options():
        if one.name in ("join", "div", "str_builtin", "Path", "add") and one.args:
            yield from _within(one.args[-1])
        yield one


def _bare_numbers(val: Val) -> Iterator[tuple[Val, Val]]:
    """The names in a path that are made with an unpadded running number, and that number."""
    for name in _within(val):
        if not isinstance(name.node, ast.JoinedStr) or not name.args:
            continue
        parts = [v for v in name.node.values if isinstance(v, ast.FormattedValue)]
        for part, given in zip(parts, name.args, strict=False):
            counters = [o for o in given.options() if o.kind == "number" and o.args]
            if counters and len(parts) == len(name.args):
                if part.format_spec is None:
                    yield name, counters[0]
                break  # what comes behind the number no longer matters


def _grows_a_digit(number: Val) -> bool:
    """Whether a running number goes from one count of digits to the next, as far as that is known."""
    more = 0
    if number.name == "add" and number.args[1].kind == "const" and isinstance(number.args[1].const, int):
        more, number = number.args[1].const, number.args[0]
    over = number.args[0] if number.args else None
    if number.name != "int" or over is None or over.name != "range":
        return False
    start, stop = (None, over.args[0]) if len(over.args) == 1 else over.args[:2]
    first = start.const if start is not None and start.kind == "const" else 0
    if stop.kind != "const" or not isinstance(stop.const, int) or not isinstance(first, int):
        return True
    return len(str(first + more)) < len(str(stop.const - 1 + more))


def _chosen_last(p: Program, val: Val) -> Iterator[Val]:
    """Where the last one of file names is taken, in the order of text."""
    for one in _within(val):
        if one.name == "max" and len(one.args) == 1 and not one.kwargs:
            yield one
        if one.name != "getitem" or len(one.args) != 2:
            continue
        files, index = one.args
        back = files.kwargs.get("reverse")
        if files.name == "sorted" and "key" not in files.kwargs:
            turned = back is not None and back.const is True
            if (index.const == -1 and back is None) or (index.const == 0 and turned):
                yield files
        elif index.const == -1 and any(e.recv is files and not e.kwargs and not e.args for e in p.calls("sort")):
            yield files


def _listing(val: Val) -> Val | None:
    """The call that has listed the files."""
    while val.name in ("sorted", "max", "list") and val.args:
        val = val.args[0]
    return val if val.name in ("glob", "iglob", "listdir", "iterdir", "rglob") else None


def _fits(files: Val | None, name: Val) -> bool:
    """Whether names of this form are among the files listed: what both begin with is the same."""
    texts = [str(a.const) for a in files.args if a.kind == "const" and "*" in str(a.const)] if files is not None else []
    parts = name.node.values if isinstance(name.node, ast.JoinedStr) else []
    begins = str(parts[0].value) if parts and isinstance(parts[0], ast.Constant) else ""
    begins = begins.rsplit("/", 1)[-1]
    wanted = texts[0].rsplit("/", 1)[-1].split("*")[0] if texts else ""
    return begins.startswith(wanted) or wanted.startswith(begins)
