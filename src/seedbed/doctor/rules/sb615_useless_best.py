"""The best score so far is never really kept.

## What it does

Finds a best score that is compared but never stored, set back in every epoch, or updated before it is compared.

## Why is this bad

The comparison then says "better" in every epoch or in none: the saved weights are the last ones, or the first.

## Example

```python
best = float("inf")
for epoch in range(10):
    val_loss = evaluate(model)
    if val_loss < best:
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best = float("inf")
for epoch in range(10):
    val_loss = evaluate(model)
    if val_loss < best:
        best = val_loss
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_KEEPS = re.compile(
    r"\b(save|deepcopy|state_dict|save_checkpoint|clone|save_model|save_pretrained)\(|best_?(model|state|w)"
)


_RANKS = ("best", "lowest", "highest", "min", "max")  # one of them is in the name of every best score


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for parent in q.nodes(p, ast.Module, ast.FunctionDef, ast.For, ast.While, ast.If, ast.With):
        for block in (parent.body, getattr(parent, "orelse", [])):
            for index, node in enumerate(block):
                if not isinstance(node, ast.If):
                    continue
                yield from _in_table(p, node)
                test = syntax.text(node.test).lower()
                if not any(w in test for w in _RANKS):
                    continue
                if _KEEPS.search("\n".join(syntax.text(s) for s in node.body)) or _resets(node):
                    yield from _judge(p, node, block[:index], parent)
                    yield from _overwritten(p, node, block[index + 1 :])


def _in_table(p: Program, node: ast.If) -> Iterator[Finding]:
    """``if score > mem["score"]`` that keeps weights, where nothing ever writes ``mem["score"]``."""
    if not p.complete or not _KEEPS.search("\n".join(syntax.text(s) for s in node.body)):
        return
    for score, best, op, test in _sides(node.test):
        sides = [test.left, test.comparators[0]] if isinstance(test, ast.Compare) else []
        held = next((s for s in sides if isinstance(s, ast.Subscript) and syntax.text(s) == best), None)
        if held is None or not isinstance(held.value, ast.Name) or not isinstance(held.slice, ast.Constant):
            continue
        box, key = held.value.id, str(held.slice.value)
        more = isinstance(op, (ast.Gt, ast.GtE)) == (sides[1] is held)
        start = _start_in(p, box, key)
        if start is None or not _is_far(start, more) or _is_written(p, box, key, start):
            continue
        yield p.report(
            "SB615",
            (test, p.source),
            f"the best score so far is not kept: {best} is never updated: every {score} that beats its start value "
            f"{syntax.text(start)} counts as the best",
            why="the checkpoint that is kept is the last one (or none), not the best one",
            fix=f"Set {best} = {score} inside the branch that keeps the weights",
        )


def _start_in(p: Program, box: str, key: str) -> ast.expr | None:
    """What a table begins with under a key, where it is made in one place: ``dict(score=-1.0)`` or written out."""
    made = [a.value for a in p.nodes(ast.Assign) if any(syntax.text(t) == box for t in a.targets)]
    if len(made) != 1:
        return None
    if isinstance(made[0], ast.Dict):
        pairs = zip(made[0].keys, made[0].values, strict=True)
        return next((v for k, v in pairs if isinstance(k, ast.Constant) and k.value == key), None)
    if isinstance(made[0], ast.Call) and syntax.text(made[0].func) == "dict" and not made[0].args:
        return next((k.value for k in made[0].keywords if k.arg == key), None)
    return None


def _is_far(start: ast.expr, more: bool) -> bool:
    """Whether a start value is one that the first score beats; a limit that somebody has set is no start."""
    text = syntax.text(start).replace("'", "").replace('"', "")
    if re.fullmatch(r"-?(float\(inf\)|float\(-inf\)|(math|np|torch|numpy)\.inf)", text):
        return ("-" in text) == more
    try:
        number = float(text)
    except ValueError:
        return False
    return number <= 0 if more else number >= 1000


def _is_written(p: Program, box: str, key: str, start: ast.expr) -> bool:
    """Whether a key of a table may be set anywhere: by name, by a key that is not known, or out of sight."""
    read = {id(s.slice) for s in p.nodes(ast.Subscript) if isinstance(s.ctx, ast.Load)}
    first = {id(k) for d in p.nodes(ast.Dict) if any(v is start for v in d.values) for k in d.keys}
    if any(c.value == key and id(c) not in read | first for c in p.nodes(ast.Constant)):
        return True
    if any(k.arg == key and k.value is not start for k in p.nodes(ast.keyword)):
        return True
    fine = {id(s.value) for s in p.nodes(ast.Subscript) if isinstance(s.slice, ast.Constant)}
    for call in p.nodes(ast.Call):
        plain = not call.args and all(k.arg is not None for k in call.keywords)
        if plain and isinstance(call.func, ast.Attribute) and call.func.attr == "update":
            fine.add(id(call.func.value))
    fine |= {id(n) for r in p.nodes(ast.Return) if r.value is not None for n in _shown(r.value)}
    names = [n for n in p.nodes(ast.Name) if n.id == box and isinstance(n.ctx, ast.Load)]
    return any(id(n) not in fine for n in names) or any(a.arg == box for a in p.nodes(ast.arg))


def _shown(value: ast.expr) -> list[ast.expr]:
    """What a ``return`` hands out: one thing or several."""
    return value.elts if isinstance(value, ast.Tuple) else [value]


def _resets(node: ast.If) -> bool:
    """Whether a branch resets a counter that its other arm counts up: early stopping."""
    zero = {
        syntax.text(t)
        for a in node.body
        if isinstance(a, ast.Assign) and isinstance(a.value, ast.Constant) and a.value.value == 0
        for t in a.targets
    }
    return any(isinstance(a, ast.AugAssign) and syntax.text(a.target) in zero for a in node.orelse)


def _judge(p: Program, node: ast.If, earlier: list[ast.stmt], parent: ast.AST) -> Iterator[Finding]:
    for score, best, op, test in _sides(node.test):
        if "best" not in words(best.replace(".", "_").replace("[", "_")):
            continue
        values = _assigned(p, best)
        at: ast.AST = test
        problem = ""
        if values and all(_is_start(v) for v in values) and not _elsewhere(p, best):
            problem = f"{best} is never updated: every {score} that beats its start value counts as the best"
        for stmt in earlier:
            for value in _values_in(stmt, best):
                given = value.args if isinstance(value, ast.Call) and syntax.text(value.func) in ("min", "max") else []
                if isinstance(op, (ast.Lt, ast.Gt)) and score in [syntax.text(a) for a in given]:
                    problem = f"{best} already holds {score} when they are compared, so nothing is ever better"
                elif isinstance(parent, (ast.For, ast.While)) and _is_start(value) and _epochs(parent):
                    problem, at = f"{best} is set back in every epoch: every epoch is the best one", stmt
        if problem:
            yield p.report(
                "SB615",
                (at, p.source),
                f"the best score so far is not kept: {problem}",
                why="the checkpoint that is kept is the last one (or none), not the best one",
                fix=f"Start {best} once before the loop and set it to {score} inside the branch that saves",
            )


def _overwritten(p: Program, node: ast.If, later: list[ast.stmt]) -> Iterator[Finding]:
    """``best = score`` after the branch, whether it was better or not: the comparison is with the last epoch."""
    for score, best, _, _ in _sides(node.test if not isinstance(node.test, ast.Compare) else _plain(node.test)):
        if not {"best", "lowest", "highest", "min", "max"} & set(words(best.replace(".", "_"))):
            continue
        for stmt in later:
            if isinstance(stmt, (ast.If, ast.For, ast.While, ast.Return)):
                break
            if any(syntax.text(v) == score for v in _values_in(stmt, best)):
                yield p.report(
                    "SB615",
                    (stmt, p.source),
                    f"{best} is overwritten in every epoch, better or not: the score is compared with the previous "
                    "epoch, not with the best one",
                    why="the last value takes the place of the best, so early stopping and the kept weights go wrong",
                    fix=f"Set {best} = {score} only inside the branch where it is better",
                    related=((str(p.source.path), node.lineno, "the comparison"),),
                )
                return


def _plain(test: ast.Compare) -> ast.expr:
    """The comparison without a margin: ``score < best - delta`` reads as ``score < best``."""
    bare = [s.left if isinstance(s, ast.BinOp) else s for s in (test.left, test.comparators[0])]
    return ast.copy_location(ast.Compare(bare[0], test.ops, [bare[1]]), test)


def _sides(test: ast.expr) -> Iterator[tuple[str, str, ast.cmpop, ast.expr]]:
    """Both readings of each comparison by size: score, best so far, operator."""
    for c in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
        if (
            isinstance(c, ast.Compare)
            and len(c.ops) == 1
            and isinstance(c.ops[0], (ast.Lt, ast.Gt, ast.LtE, ast.GtE))
            and all(
                isinstance(s, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)) for s in (c.left, c.comparators[0])
            )
        ):
            left, right = syntax.text(c.left), syntax.text(c.comparators[0])
            yield left, right, c.ops[0], c
            yield right, left, c.ops[0], c


def _values_in(stmt: ast.AST, name: str) -> list[ast.expr]:
    found = []
    for a in syntax.walk(stmt):
        if isinstance(a, ast.Assign):
            for target in a.targets:
                if isinstance(target, ast.Tuple) and isinstance(a.value, ast.Tuple):
                    pairs = list(zip(target.elts, a.value.elts, strict=False))
                elif isinstance(target, ast.Tuple):
                    pairs = [(t, a.value) for t in target.elts]
                else:
                    pairs = [(target, a.value)]
                found += [v for t, v in pairs if syntax.text(t) == name]
        elif isinstance(a, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and syntax.text(a.target) == name:
            found += [a.value] if a.value is not None else []
        elif isinstance(a, (ast.For, ast.comprehension)) and name in syntax.text(a.target):
            found.append(a.iter)
    return found


def _assigned(p: Program, name: str) -> list[ast.expr]:
    return _values_in(p.source.tree, name)


def _is_start(value: ast.expr) -> bool:
    """Whether a value is one that a best score starts with."""
    text = syntax.text(value)
    return isinstance(value, ast.Constant) or bool(
        re.fullmatch(r"-?(float\(.*\)|(math|np|torch|numpy)\.inf|[\d.e+]+)", text)
    )


def _elsewhere(p: Program, name: str) -> bool:
    """Whether the name can be changed out of sight: restored, set by name, an argument, or an object's attribute."""
    last = name.rsplit(".", 1)[-1]
    text = p.source.text
    if "[" in name or re.search(rf"['\"]{re.escape(last)}['\"]", text):
        return True
    if "." in name:
        return any(
            isinstance(a, ast.Attribute) and a.attr == last and isinstance(a.ctx, ast.Store) and syntax.text(a) != name
            for a in q.nodes(p, ast.Attribute)
        )
    return any(a.arg == last for a in q.nodes(p, ast.arg))


def _epochs(loop: ast.For | ast.While) -> bool:
    if isinstance(loop, ast.While):
        return False
    return bool(
        {w for n in syntax.walk(loop.target) if isinstance(n, ast.Name) for w in words(n.id)} & {"epoch", "ep", "e"}
    )
