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

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import best, syntax, training
from seedbed.doctor.static import queries as q
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


_NAMES = (ast.Name, ast.Attribute)


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
            yield _finding(p, event, "copy.copy() of a model is shallow", q.doubtful(p))
    seen: set[int] = set()
    for node, left, right in q.in_file(p, "renamed copies", lambda: _renamed(p)):
        targets = node.targets
        if id(node) in seen:
            continue
        found = [e for e in p.all("assign", "attribute") if e.node is targets[0]]
        val = (found[0].result if found[0].kind == "assign" else found[0].args[0]) if found else None
        if val is None or (val.kind != "module" and not (val.kind == "unknown" and is_model(right) and is_model(left))):
            continue
        if val.kind == "unknown" and not _works(p, left, right):
            continue  # it may be the name of a model
        if (
            found[0].funcs
            and found[0].funcs[-1].name == "__init__"
            and right in {a.arg for a in found[0].funcs[-1].node.args.args}
        ):
            continue
        if _replaced(p, node, right):
            continue  # the old one is put aside, and something new takes its place
        seen |= {id(node), id(targets[0])}
        yield p.report(
            "SB602",
            (node, p.source),
            f"{left} is only another name for {right}: it is not a copy and shares its weights",
            why="both are references to the same object (an alias), so training keeps changing the copy too",
            fix=f"Write {left} = copy.deepcopy({right})",
        )
    yield from _kept_best(p, seen)


def _works(p: Program, *names: str) -> bool:
    """Whether something of these names is called, or asked for its weights: it is a model."""
    if any(syntax.text(n.func) in names for n in q.nodes(p, ast.Call)):
        return True
    asked = [n for n in q.nodes(p, ast.Attribute) if n.attr in _PARTS]
    return any(syntax.text(n.value) in names for n in asked)


_PARTS = frozenset(["parameters", "named_parameters", "state_dict", "load_state_dict", "eval", "train", "zero_grad"])


def _replaced(p: Program, node: ast.Assign, name: str) -> bool:
    """Whether a name gets something else after a statement, or in the next round of a loop around it."""
    loops = [loop for loop in q.nodes(p, ast.For, ast.While) if any(n is node for n in syntax.walk(loop))]
    for other in q.nodes(p, ast.Assign):
        targets = [t for x in other.targets for t in (x.elts if isinstance(x, (ast.Tuple, ast.List)) else [x])]
        if name not in [syntax.text(t) for t in targets]:
            continue
        if other.lineno > node.lineno or any(n is other for loop in loops for n in syntax.walk(loop)):
            return True
    return False


def _named(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _kept_best(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``top, champion = score, net``: the best model is the one that goes on learning."""
    places = [(n, v, e) for n, v, e in p.assigns] + [(e.name, e.args[-1], e) for e in p.all("attribute") if e.args]
    for name, val, event in places:
        if val.kind != "module" or val.var in ("", name) or not event.loops or not best.when_better(event):
            continue
        loop = event.loops[-1]
        inside = any(s.inside(loop) and s.seq > event.seq for s in p.all("step"))
        if loop.node in val.loops or not inside or id(event.node) in seen or not training.learns(p, val):
            continue
        if any(e.result is val and e.inside(loop) for e in p.all("make", "call") if e.recv is None):
            continue
        reads = [n for n in q.nodes(p, ast.Name, ast.Attribute) if isinstance(n.ctx, ast.Load)]
        end = getattr(loop.node, "end_lineno", 0)  # what is only used at once, in the same round, is no copy to keep
        if not any(_named(n) == name and (isinstance(n, ast.Attribute) or n.lineno > end) for n in reads):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB602",
            event,
            f"{name} is only another name for {val.var}: it is not a copy of the best model and goes on training",
            why="both are references to the same object (an alias), so after the loop it holds the weights of "
            "the last epoch",
            fix=f"Write {name} = copy.deepcopy({val.var})",
        )


def _renamed(p: Program) -> list[tuple[ast.Assign, str, str]]:
    """Assignments of one name to another that speaks of a copy."""
    found = []
    for node in q.nodes(p, ast.Assign):
        value, targets = node.value, node.targets
        if len(targets) != 1 or not isinstance(value, _NAMES) or not isinstance(targets[0], _NAMES):
            continue
        left, right = syntax.text(targets[0]), syntax.text(value)
        if any(isinstance(n, ast.Call) for n in syntax.walk(value)):
            continue  # a part of something that is made here
        if _COPIES & (set(words(left.rsplit(".", 1)[-1])) - set(words(right.rsplit(".", 1)[-1]))):
            found.append((node, left, right))
    return found


def _finding(p: Program, at: Event, what: str, severity: Severity | None = None) -> Finding:
    return p.report(
        "SB602",
        at,
        f"{what}: the copy shares its weights with the model",
        why="parameters are not copied, so training changes the copy too (an average or target that is the "
        "model itself)",
        fix="Use copy.deepcopy(model)",
        severity=severity,
    )
