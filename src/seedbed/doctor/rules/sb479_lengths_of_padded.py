"""The lengths of sequences are taken after padding.

## What it does

Finds `len(...)` of the rows of a padded batch.

## Why is this bad

After padding all rows are equally long, so masks and packing built on these lengths do nothing.

## Example

```python
x = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
lengths = torch.tensor([len(row) for row in x])
packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
```

## Use instead

```python
x = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
lengths = torch.tensor([len(row) for row in sequences])
packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_COUNTS = frozenset(["len", "size", "shape"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for _, val, _ in p.assigns:
        one = val.args[0] if val.name in ("tensor", "as_tensor", "LongTensor", "IntTensor") and val.args else val
        if one.name != "comprehension" or not one.items or id(one.node) in told:
            continue
        count = one.items[0]
        if count.name not in _COUNTS or not count.args:
            continue
        padded = _padded(count.args[0])
        if padded is not None:
            told.add(id(one.node))
            yield p.report(
                "SB479",
                one,
                "the lengths are taken after padding: every row of the padded batch has the same length",
                why="masks and pack_padded_sequence then take the padding for real elements",
                fix="Take the lengths before pad_sequence: [len(s) for s in sequences]",
                related=((str(padded.src.path) if padded.src else "", padded.line, "padded here"),),
            )
    for node, name in q.in_file(p, "SB479", lambda: list(_by_hand(p))):
        yield p.report(
            "SB479",
            (node, p.source),
            f"the lengths are those of the padded rows of {name}: every row of it has the same length",
            why="masks and pack_padded_sequence then take the padding for real elements",
            fix="Take the length of the sequence that is written into the row: len(s)",
        )


def _by_hand(p: Program) -> Iterator[tuple[ast.AST, str]]:
    """``lengths.append(len(out[i]))`` of a table of zeros that shorter rows are written into."""
    for func in q.nodes(p, ast.FunctionDef):
        counts = [n for n in syntax.below(func, ast.Call) if _counts_a_row(n)]
        if not counts:
            continue
        nodes = syntax.walk(func)
        tables = {
            syntax.text(n.targets[0])
            for n in nodes
            if isinstance(n, ast.Assign)
            and isinstance(n.value, ast.Call)
            and syntax.text(n.value.func).rsplit(".", 1)[-1] in ("zeros", "full", "ones", "new_zeros", "new_full")
        }
        filled = {
            syntax.text(n.value)
            for n in nodes
            if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) and _to_length(n)
        }
        for n in counts:
            name = syntax.text(n.args[0].args[0].value)
            if name in tables & filled:
                yield n, name


def _counts_a_row(call: ast.Call) -> bool:
    """Whether it is ``lengths.append(len(out[i]))``."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "append" or not call.args:
        return False
    count = call.args[0]
    row = count.args[0] if isinstance(count, ast.Call) and count.args else None
    return isinstance(row, ast.Subscript) and isinstance(count, ast.Call) and syntax.text(count.func) == "len"


def _to_length(node: ast.Subscript) -> bool:
    """Whether ``out[i, :n]`` is written: the row is filled up to some length."""
    key = node.slice
    return (
        isinstance(key, ast.Tuple)
        and len(key.elts) > 1
        and isinstance(key.elts[1], ast.Slice)
        and key.elts[1].upper is not None
    )


def _padded(row: Val) -> Val | None:
    """The padding that a row comes from."""
    for _ in range(6):
        if row.name == "pad_sequence":
            return row
        if row.name not in ("element", "to", "long", "float", "cuda", "transpose") or not row.args:
            return None
        row = row.args[0]
    return None
