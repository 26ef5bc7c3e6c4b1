"""An in-place operation changes a tensor that is still used elsewhere.

## What it does

Finds in-place changes of a tensor that is used again afterwards, and single rows written into an `expand()`ed tensor.

## Why is this bad

The later use sees the changed values. In a residual block the shortcut is no longer the input. All rows of an expanded
tensor share one row of memory: what is written into one is in all of them.

## Example

```python
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        out = self.fc(self.act(x))
        return out + x
```

## Use instead

```python
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        out = self.fc(self.act(x))
        return out + x
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward", "call"):
        made = event.result
        if made is None or made.kind != "tensor" or not made.args or id(event.node) in seen or not event.funcs:
            continue
        if event.kind == "forward":
            flag = (
                event.recv.kwargs.get("inplace", event.recv.arg(0) if event.recv.name.startswith("ReLU") else None)
                if event.recv is not None
                else None
            )
        else:
            flag = event.kwargs.get("inplace") if event.kwargs else None
        if (flag is None or flag.const is not True) and not (
            event.kind == "call" and event.name in (".relu_", "torch.relu_")
        ):
            continue
        source = made.args[0]
        if source.name in ("Linear", "BatchNorm2d", "BatchNorm1d", "Conv2d", "add"):
            pass
        again = [
            u
            for u in q.users(p, source)
            if u is not made and u.seq > made.seq and u.name in ("add", "sub", "mul", "cat") and u.src is made.src
        ]
        again = [u for u in again if u.line >= event.line]
        if again and source.kind in ("tensor", "unknown"):
            seen.add(id(event.node))
            yield p.report(
                "SB220",
                event,
                f"an in-place {made.name} changes a tensor that is used again at line {again[0].line} (the residual)",
                why="the shortcut adds the changed values instead of the original input",
                fix="Use inplace=False here (or clone the tensor first)",
            )
    yield from _views(p, seen)
    yield from _expanded(p)


def _views(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Slices that are changed in place and share memory with what is used later."""
    for event in p.all("augment", "inplace"):
        view = event.recv
        if view is None or id(event.node) in seen or view.name != "getitem" or len(view.args) < 2 or event.depth:
            continue
        base, key = view.args[0], view.args[1]
        parts = key.items or [key]
        if (
            not all(k.kind == "slice" for k in parts)
            or base.kind != "tensor"
            or base.grad
            or event.loops
            or not view.var
        ):
            continue
        later = [u for u in q.users(p, base) if u.seq > view.seq and u.line > event.line and u is not view]
        if later:
            seen.add(id(event.node))
            yield p.report(
                "SB220",
                view,
                f"{view.var} is a view of {base.var or 'another tensor'} and is changed in place: both share memory",
                why=f"line {event.line} changes the original too, which is used again at line {later[0].line}",
                fix="Work on a copy: add .clone() to the slice",
                related=((str(event.src.path), event.line, "the in-place change"),),
            )
            seen |= {
                id(e.node) for e in p.all("augment", "inplace") if e.recv is not None and e.recv.args[:1] == (base,)
            }


def _expanded(p: Program) -> Iterator[Finding]:
    """One row of an expanded tensor is written: all rows are the same memory."""
    seen: set[int] = set()
    for event in p.once("setitem"):
        whole = event.recv
        if whole is None or not event.args or id(whole.node) in seen or not _shares_rows(whole):
            continue
        row = (event.args[0].items or event.args)[0]
        if not (row.kind == "number" or (row.kind == "const" and type(row.const) is int)):
            continue
        seen.add(id(whole.node))
        yield p.report(
            "SB220",
            whole,
            f"{whole.name}() makes all rows of {whole.var or 'the tensor'} share the same memory, and single rows are "
            "written",
            why=f"line {event.line} changes one row, and with it all rows: the masks of all samples are mixed",
            fix="Make real rows: repeat(n, 1), torch.ones(n, length), or expand(...).clone()",
            related=((str(event.src.path), event.line, "the row that is written"),),
        )


def _shares_rows(val: Val) -> bool:
    """Whether the first axis of a tensor comes from ``expand`` and has more than one row."""
    if val.kind != "tensor" or val.name not in ("expand", "broadcast_to") or len(val.args) < 2:
        return False
    base, sizes = val.args[0], [s for a in val.args[1:] for s in (a.items or [a])]
    if base.shape is None or not sizes or sizes[0].const == -1:
        return False
    if sizes[0].const == 1 and isinstance(sizes[0].node, ast.Constant):
        return False
    return len(base.shape) < len(sizes) or (len(base.shape) == len(sizes) and base.shape[0] == 1)
