"""The copy shares its weights with the model.

## What it does

Finds copies of a model that share its weights: `copy.copy(model)`, or a second name for the same model.

## Why is this bad

Both names change together. A teacher, target or best model that is the model itself is no copy.

## Example

```python
import copy
model = nn.Linear(4, 3)
teacher = copy.copy(model)
```

## Use instead

```python
import copy
model = nn.Linear(4, 3)
teacher = copy.deepcopy(model)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import is_model, words
from seedbed.doctor.static.program import Event, Program

_COPIES = {
    "best",
    "ema",
    "target",
    "teacher",
    "old",
    "prev",
    "previous",
    "snapshot",
    "backup",
    "frozen",
    "reference",
    "ref",
    "initial",
    "averaged",
    "shadow",
    "slow",
    "avg",
    "momentum",
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("copy"):
        made = event.result
        if (
            event.name == "copy.copy"
            and made is not None
            and made.copied is not None
            and (made.kind in ("module", "state") or (event.args[0].kind == "unknown" and is_model(event.args[0].var)))
        ):
            yield _finding(p, event, "copy.copy() of a model is shallow")
    seen: set[int] = set()
    for node in q.nodes(p, ast.Assign):
        value = node.value
        targets = node.targets
        if (
            len(targets) != 1
            or not isinstance(value, (ast.Name, ast.Attribute))
            or not isinstance(targets[0], (ast.Name, ast.Attribute))
        ):
            continue
        left, right = syntax.text(targets[0]), syntax.text(value)
        new = set(words(left.rsplit(".", 1)[-1])) - set(words(right.rsplit(".", 1)[-1]))
        if not new & _COPIES or id(node) in seen:
            continue
        found = [e for e in p.all("assign", "attribute") if e.node is targets[0]]
        val = (found[0].result if found[0].kind == "assign" else found[0].args[0]) if found else None
        if val is None or (val.kind != "module" and not (val.kind == "unknown" and is_model(right) and is_model(left))):
            continue
        if (
            found[0].funcs
            and found[0].funcs[-1].name == "__init__"
            and right in {a.arg for a in found[0].funcs[-1].node.args.args}
        ):
            continue
        if any(a.lineno > node.lineno and right in [syntax.text(t) for t in a.targets] for a in q.nodes(p, ast.Assign)):
            continue  # the old one is put aside, and something new takes its place
        seen.add(id(node))
        yield p.report(
            "SB602",
            (node, p.source),
            f"{left} is only another name for {right}: it is not a copy and shares its weights",
            why="both names are one model, so training changes the copy too",
            fix=f"Write {left} = copy.deepcopy({right})",
        )


def _finding(p: Program, at: Event, what: str) -> Finding:
    return p.report(
        "SB602",
        at,
        f"{what}: the copy shares its weights with the model",
        why="parameters are not copied, so training changes the copy too (an average or target that is the "
        "model itself)",
        fix="Use copy.deepcopy(model)",
    )
