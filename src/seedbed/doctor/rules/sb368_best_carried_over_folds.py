"""The best score of one fold is the bar for the next.

## What it does

Finds a best score that is set once before the loop over the folds, raised inside, and noted for every fold.

## Why is this bad

From the second fold on a score must beat the best of all folds before. The noted scores can only grow, and the best
weights of a weaker fold are never kept.

## Example

```python
from sklearn.model_selection import KFold

scores, best = [], 0.0
for fold, (tr, va) in enumerate(KFold(5).split(x)):
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(x[tr]), y[tr]).backward()
        optimizer.step()
        acc = (model(x[va]).argmax(1) == y[va]).float().mean().item()
        if acc > best:
            best = acc
    scores.append(best)
```

## Use instead

```python
from sklearn.model_selection import KFold

scores = []
for fold, (tr, va) in enumerate(KFold(5).split(x)):
    best = 0.0
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(x[tr]), y[tr]).backward()
        optimizer.step()
        acc = (model(x[va]).argmax(1) == y[va]).float().mean().item()
        if acc > best:
            best = acc
    scores.append(best)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Place, Program

_FOLDS = re.compile(r"\bfolds?\b|KFold|\b(kf|skf|kfold|gkf)\b")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    for outer in q.nodes(p, ast.For):
        if not _FOLDS.search(f"{syntax.text(outer.target)} {syntax.text(outer.iter)}") and not _leaves_out(outer):
            continue
        inner = [s for s in outer.body if isinstance(s, ast.For)]
        for branch in (n for loop in inner for n in syntax.walk(loop) if isinstance(n, ast.If)):
            best = _raised(branch)
            if best and _noted(outer, best) and _set_only_in(outer, branch, best):
                yield p.report(
                    "SB368",
                    _start(p, best, outer) or (outer, p.source),
                    f"{best} is not reset for each fold: a later fold must beat the best of the folds before",
                    why="the scores that are noted can only grow, and weaker folds keep no weights of their own",
                    fix=f"Set {best} to its start inside the fold loop",
                    related=((str(p.source.path), branch.lineno, "the comparison"),),
                )
                return


def _leaves_out(outer: ast.For) -> bool:
    """Whether each round trains on all parts but its own.

    That is ``[p for j, p in enumerate(parts) if j != k]`` or ``parts[:k] + parts[k + 1:]``.
    """
    own = {n.id for n in syntax.walk(outer.target) if isinstance(n, ast.Name)}
    for test in (t for n in syntax.walk(outer) if isinstance(n, ast.comprehension) for t in n.ifs):
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.NotEq):
            sides = {n.id for n in (test.left, test.comparators[0]) if isinstance(n, ast.Name)}
            if sides & own and sides - own:
                return True
    for both in (n for n in syntax.walk(outer) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add)):
        cuts = [s.slice for s in (both.left, both.right) if isinstance(s, ast.Subscript)]
        ends = [syntax.text(c.upper) for c in cuts[:1] if isinstance(c, ast.Slice) and c.upper and not c.lower]
        starts = [syntax.text(c.lower) for c in cuts[1:] if isinstance(c, ast.Slice) and c.lower and not c.upper]
        if ends and ends[0] in own and starts == [f"{ends[0]} + 1"]:
            return True
    return False


def _raised(branch: ast.If) -> str:
    """The name that ``if score > best: best = score`` raises."""
    test = branch.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Gt, ast.Lt)):
        return ""
    sides = [s.id for s in (test.left, test.comparators[0]) if isinstance(s, ast.Name)]
    for stmt in branch.body:
        for target in stmt.targets if isinstance(stmt, ast.Assign) else ():
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            found = next((n.id for n in names if isinstance(n, ast.Name) and n.id in sides), "")
            if found:
                return found
    return ""


def _noted(outer: ast.For, best: str) -> bool:
    """Whether the loop over the folds appends it to a list after training, or files it under the fold."""
    own = {n.id for n in syntax.walk(outer.target) if isinstance(n, ast.Name)}
    for stmt in outer.body:
        place = stmt.targets[0] if isinstance(stmt, ast.Assign) else None
        filed = isinstance(place, ast.Subscript) and isinstance(place.slice, ast.Name) and place.slice.id in own
        filing = list(syntax.walk(stmt.value)) if filed and isinstance(stmt, ast.Assign) else []
        if any(isinstance(n, ast.Name) and n.id == best for n in filing):
            return True
        call = stmt.value if isinstance(stmt, ast.Expr) else None
        listed = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append"
        given = call.args if listed and isinstance(call, ast.Call) else []
        if any(isinstance(n, ast.Name) and n.id == best for a in given for n in syntax.walk(a)):
            return True
    return False


def _set_only_in(outer: ast.For, branch: ast.If, best: str) -> bool:
    """Whether the fold loop sets it nowhere but in that branch."""
    own = {id(n) for n in syntax.walk(branch)}
    return not any(
        isinstance(n, ast.Name) and n.id == best and isinstance(n.ctx, ast.Store) and id(n) not in own
        for n in syntax.walk(outer)
    )


def _start(p: Program, best: str, outer: ast.For) -> Place | None:
    found = [
        n for n in q.nodes(p, ast.Name) if n.id == best and isinstance(n.ctx, ast.Store) and n.lineno < outer.lineno
    ]
    return (found[-1], p.source) if found else None
