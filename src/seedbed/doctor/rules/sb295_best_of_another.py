"""The best score is compared with one quantity and set to another, or never set.

## What it does

Finds `if score > best:` whose branch keeps the weights but sets `best` to something else than `score`, or leaves it
as it was, though nothing else in the loop changes it.

## Why is this bad

A threshold that never moves lets every epoch pass that beats the start: the last of them is kept, not the best. Set to
another quantity (a loss beside an accuracy), it lets all pass or none.

## Example

```python
model = nn.Linear(4, 3)
best = 0.0
for epoch in range(10):
    loss = train_epoch(model)
    acc = evaluate(model)
    if acc > best:
        best = loss
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
model = nn.Linear(4, 3)
best = 0.0
for epoch in range(10):
    loss = train_epoch(model)
    acc = evaluate(model)
    if acc > best:
        best = acc
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import ancestors

_BEST = frozenset(["best", "lowest", "highest"])
_KEEPS = frozenset(["save", "deepcopy", "state_dict", "save_checkpoint", "save_model"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from q.in_file(p, "SB295 methods", lambda: list(_methods(p)))
    for scope, loop, branch in q.in_file(p, "SB295 branches", lambda: list(_branches(p))):
        found = _judge(p, scope, loop, branch)
        if found is not None:
            yield found


def _branches(p: Program) -> Iterator[tuple[ast.AST, ast.AST, ast.If]]:
    """Branches on a comparison that keep something, with their loop and its scope."""
    for scope in (p.source.tree, *q.nodes(p, ast.FunctionDef)) if p.source.mentions(*_KEEPS) else ():
        for loop in (n for n in _own(scope) if isinstance(n, (ast.For, ast.While))):
            for branch in (n for n in syntax.walk(loop) if isinstance(n, ast.If)):
                if _compared(branch.test) is not None and any(_keeps(s) for s in branch.body):
                    yield scope, loop, branch


def _methods(p: Program) -> Iterator[Finding]:
    """``self.best`` that a class compares and keeps weights by, but sets only once."""
    for owner in q.nodes(p, ast.ClassDef) if p.source.mentions(*_KEEPS) else ():
        branches = list(_keeping(owner))
        stored: dict[str, list[ast.AST]] = {}
        for stmt in syntax.walk(owner) if branches else ():
            for target in stmt.targets if isinstance(stmt, ast.Assign) else ():
                for t in target.elts if isinstance(target, ast.Tuple) else [target]:
                    stored.setdefault(syntax.text(t), []).append(stmt)
        firsts = {id(s) for n in syntax.walk(owner) if isinstance(n, ast.If) and _is_first(n.test) for s in n.body}
        firsts |= {
            id(s) for n in owner.body if isinstance(n, ast.FunctionDef) and n.name == "__init__" for s in syntax.walk(n)
        }
        for name, kept in branches:
            if name in stored and all(id(s) in firsts for s in stored[name]):
                yield p.report(
                    "SB295",
                    (kept, p.source),
                    f"{name} is never updated: every epoch that beats its first value is kept as the best",
                    why="the saved model is the last one above the first score, not the best one",
                    fix=f"Set {name} to the score where the weights are kept",
                )


def _keeping(owner: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Attributes of ``self`` that a branch compares with, and the statement of the branch that keeps something."""
    for branch in (n for n in syntax.walk(owner) if isinstance(n, ast.If)):
        parts = _compared(branch.test) or _compared(_bare(branch.test))
        kept = next((s for s in (*branch.body, *branch.orelse) if _keeps(s)), None) if parts is not None else None
        if parts is not None and kept is not None and syntax.text(parts[1]).startswith("self."):
            yield syntax.text(parts[1]), kept


def _is_first(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is)


def _bare(test: ast.expr) -> ast.expr:
    """``score < best`` for ``score < best + delta``."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return test
    right = test.comparators[0]
    plain = isinstance(right, ast.BinOp) and isinstance(right.op, (ast.Add, ast.Sub))
    return ast.Compare(test.left, test.ops, [right.left]) if plain and isinstance(right, ast.BinOp) else test


def _keeps(stmt: ast.stmt) -> bool:
    return any(isinstance(n, ast.Call) and _called(n) in _KEEPS | {"save_model"} for n in syntax.walk(stmt))


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Outermost loops of a scope that belong to no function in it."""
    stack: list[ast.AST] = list(getattr(scope, "body", []))
    while stack:
        one = stack.pop()
        if isinstance(one, (ast.For, ast.While)):
            yield one
        elif not isinstance(one, (ast.FunctionDef, ast.ClassDef)):
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                stack.extend(getattr(one, part, ()))


def _judge(p: Program, scope: ast.AST, loop: ast.AST, branch: ast.If) -> Finding | None:
    parts = _compared(branch.test)
    if parts is None:
        return None
    score, best = parts
    name = syntax.text(best)
    body = [n for s in branch.body for n in syntax.walk(s)]
    if not any(isinstance(n, ast.Call) and _called(n) in _KEEPS for n in body):
        return None
    given = [(n, v) for n in body if isinstance(n, ast.Assign) for t, v in _targets(n) if syntax.text(t) == name]
    if given:
        at, value = given[-1]
        if not isinstance(value, (ast.Name, ast.Attribute, ast.Call)) or not _apart(p, at, value, score):
            return None
        other = syntax.text(value)
        return p.report(
            "SB295",
            (at, p.source),
            f"{syntax.text(score)} is compared with {name}, but {name} is set to {other}: another quantity",
            why="the next comparison is with a number of another kind, so the best model is not the one that is kept",
            fix=f"Write {name} = {syntax.text(score)}",
        )
    if any(syntax.text(n) == name for n in syntax.walk(loop) if _stored(n)) or _handed(scope, best):
        return None
    return p.report(
        "SB295",
        (branch, p.source),
        f"{name} is never updated: every epoch that beats its first value is kept as the best",
        why="the saved model is the last one above the start value, not the best one",
        fix=f"Write {name} = {syntax.text(score)} in the branch",
    )


def _compared(test: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """The score and the best so far, when a test is just their comparison."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    if not isinstance(test.ops[0], (ast.Gt, ast.GtE, ast.Lt, ast.LtE)):
        return None
    left, right = test.left, test.comparators[0]
    named = [isinstance(s, (ast.Name, ast.Attribute)) and bool(set(_last(s)) & _BEST) for s in (left, right)]
    if named == [False, True] and isinstance(left, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        return left, right
    if named == [True, False] and isinstance(right, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        return right, left
    return None


def _last(node: ast.expr) -> tuple[str, ...]:
    return words(syntax.text(node).rsplit(".", 1)[-1])


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _targets(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            if len(target.elts) == len(node.value.elts):
                yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def _apart(p: Program, at: ast.Assign, value: ast.expr, score: ast.expr) -> bool:
    """Whether what is stored certainly is another number than what was compared."""
    if syntax.text(score) in syntax.text(value) or syntax.text(value) in syntax.text(score):
        return False
    compared = [a for e in p.all("compare") for a in e.args if a.node is score or a.var == syntax.text(score)]
    stored = [v for n, v, e in p.assigns if getattr(e.node, "lineno", 0) == at.lineno and v.kind != "const"]
    pairs = [(a, b) for a in compared for b in stored]
    if any(a is b or any(v is b for v in ancestors(a, limit=60)) for a, b in pairs):
        return False
    if any(any(v is a for v in ancestors(b, limit=60)) for a, b in pairs):
        return False
    kinds = [set(words(syntax.text(n).replace(".", "_"))) & _KINDS for n in (score, value)]
    return bool(pairs) and bool(kinds[0] and kinds[1] and not kinds[0] & kinds[1])


_KINDS = frozenset(
    ["loss", "acc", "accuracy", "f1", "auc", "error", "epoch", "iou", "dice", "train", "val", "ppl", "lr", "mae", "mse"]
)


def _stored(node: ast.AST) -> bool:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return isinstance(node.ctx, ast.Store)
    return False


def _handed(scope: ast.AST, best: ast.expr) -> bool:
    """Whether something else may change it: another method of the object, a declared global, ``setattr``."""
    if not isinstance(best, ast.Attribute):
        return any(
            isinstance(n, (ast.Global, ast.Nonlocal)) and syntax.text(best) in n.names for n in syntax.walk(scope)
        )
    return True
