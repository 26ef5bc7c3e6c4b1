"""A function gets a seed, seeds something, and never reads it.

## What it does

Finds functions with a parameter for the seed that they never use, although they call something that seeds.

## Why is this bad

All seeds give the same run: the spread over seeds is zero, and the argument does nothing.

## Example

```python
def set_seed(seed=0):
    torch.manual_seed(seed)
def run(seed):
    set_seed()
    model = nn.Linear(4, 3)
    return model
models = [run(seed) for seed in range(5)]
```

## Use instead

```python
def set_seed(seed=0):
    torch.manual_seed(seed)
def run(seed):
    set_seed(seed)
    model = nn.Linear(4, 3)
    return model
models = [run(seed) for seed in range(5)]
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


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    for func in q.nodes(p, ast.FunctionDef):
        names = [a.arg for a in (*func.args.posonlyargs, *func.args.args, *func.args.kwonlyargs)]
        for name in names:
            if not re.fullmatch(r"(random_|base_|run_)?seed", name):
                continue
            if any(isinstance(n, ast.Name) and n.id == name for s in func.body for n in syntax.walk(s)):
                continue
            calls = [n for s in func.body for n in syntax.walk(s) if isinstance(n, ast.Call) and _seeds(n)]
            if not calls:
                continue
            yield p.report(
                "SB195",
                (calls[0], p.source),
                f"{func.name}() gets {name} but never uses it: {syntax.text(calls[0])} sets the same seed every time",
                why="every seed gives the same random numbers, so repeated runs do not differ",
                fix=f"Pass it on: {syntax.text(calls[0].func)}({name})",
                related=((str(p.source.path), func.lineno, f"the parameter {name}"),),
            )


def _seeds(call: ast.Call) -> bool:
    """Whether a call seeds a generator with its default or with a constant."""
    last = syntax.text(call.func).rsplit(".", 1)[-1]
    if not re.search("seed", last, re.I) or last in ("initial_seed", "get_seed"):
        return False
    return all(isinstance(a, ast.Constant) for a in (*call.args, *(k.value for k in call.keywords)))
