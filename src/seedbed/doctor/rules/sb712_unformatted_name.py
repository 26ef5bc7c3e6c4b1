"""A file name with braces is no f-string: every file gets the same name.

## What it does

Finds names of files that are written, such as `"model_{epoch}.pt"`, in which braces hold the name of a variable, but
the `f` before the quotes (or `.format`) is missing.

## Why is this bad

The name is the same in every round, braces included, so each checkpoint overwrites the one before.

## Example

```python
model = nn.Linear(20, 2)
for epoch in range(3):
    torch.save(model.state_dict(), "model_{epoch}.pt")
```

## Use instead

```python
model = nn.Linear(20, 2)
for epoch in range(3):
    torch.save(model.state_dict(), f"model_{epoch}.pt")
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

_HOLE = re.compile(r"\{([A-Za-z_]\w*)[^{}]*\}")
_WRITERS = frozenset(
    ["save", "savez", "savefig", "to_csv", "to_json", "dump", "open", "write_text", "write_bytes", "mkdir", "makedirs",
     "savetxt", "save_pretrained", "save_checkpoint", "imsave", "save_image", "save_model", "to_parquet"]
)  # fmt: skip
_JOINS = frozenset(["join", "Path", "joinpath", "str"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    known: set[str] | None = None
    for call in q.nodes(p, ast.Call):
        if syntax.text(call.func).rsplit(".", 1)[-1] not in _WRITERS:
            continue
        inside = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        for text in (t for a in (*inside, *call.args, *(k.value for k in call.keywords)) for t in _texts(a)):
            holes = _HOLE.findall(str(text.value))
            known = known if known is not None else {n.id for n in q.nodes(p, ast.Name) if isinstance(n.ctx, ast.Store)}
            names = [n for n in holes if n in known or n in _arguments(p)]
            if not names:
                continue
            yield p.report(
                "SB712",
                (text, p.source),
                f"{text.value!r} is no f-string: {{{names[0]}}} stays as it is, so every file has the same name",
                why=f"the value of {names[0]} is not put into the name, so each file overwrites the one before",
                fix=f"Write f{text.value!r}",
            )


def _arguments(p: Program) -> set[str]:
    return q.in_file(
        p,
        "SB712 arguments",
        lambda: {a.arg for f in q.nodes(p, ast.FunctionDef) for a in (*f.args.args, *f.args.kwonlyargs)},
    )


def _texts(node: ast.expr) -> Iterator[ast.Constant]:
    """The plain strings that a path is made of; what ``format`` and ``replace`` make of one is not looked into."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if "\n" not in node.value:
            yield node
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Add)):
        yield from _texts(node.left)
        yield from _texts(node.right)
    elif isinstance(node, ast.Call) and syntax.text(node.func).rsplit(".", 1)[-1] in _JOINS:
        for arg in node.args:
            yield from _texts(arg)
