"""The best score is kept in the wrong direction.

## What it does

Finds a best score that is kept in the wrong direction.

## Why is this bad

The worst model is saved, or none.

## Example

```python
best_loss = 0.0
for epoch in range(10):
    val_loss = evaluate_epoch(model)
    if val_loss > best_loss:
        best_loss = val_loss
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best_loss = float("inf")
for epoch in range(10):
    val_loss = evaluate_epoch(model)
    if val_loss < best_loss:
        best_loss = val_loss
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choices, directions, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, const

_ERRORS = {"fid", "kid", "wer", "cer"}
_BEST = {"best", "top", "lowest", "highest", "min", "max", "record", "champion", "greatest", "fewest", "prev"}
_LEAST, _MOST = (
    {"worst", "min", "minimum", "lowest", "least", "smallest"},
    {"worst", "largest", "highest", "most", "max"},
)
_VAGUE = {"score", "map"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _compared(p)
    yield from q.in_file(p, "SB310 flags", lambda: list(_flags(p)))
    for event, problem in choices.wrong_picks(p):
        yield p.report(
            "SB310",
            event,
            f"the best model is chosen in the wrong direction: {problem}",
            why="the worst epoch, setting or model is taken for the best",
            fix="Take the maximum (argmax) of scores such as accuracy, the minimum (argmin) of losses",
        )
    for wrong in (*directions.flagged(p), *directions.told(p), *directions.callbacks(p)):
        yield p.report(
            "SB310",
            wrong.at,
            f"the best model is chosen in the wrong direction: {wrong.problem}",
            why="the worst epoch is kept as the best, and early stopping ends training while the score improves",
            fix="Say mode='max' (or >) for scores such as accuracy, mode='min' (or <) for losses",
            related=(wrong.seen,) if wrong.seen[0] else (),
        )


def _flags(p: Program) -> Iterator[Finding]:
    """``is_best = acc < best`` beside ``best = max(acc, best)``, and ``if not is_best:`` around what keeps the best."""
    for parent in q.nodes(p, ast.Module, ast.FunctionDef, ast.For, ast.While, ast.With):
        kept = {
            syntax.text(s.targets[0]): syntax.text(s.value.func)
            for s in parent.body
            if isinstance(s, ast.Assign)
            and isinstance(s.value, ast.Call)
            and syntax.text(s.value.func) in ("max", "min")
        }
        for stmt in parent.body if kept else ():
            test = stmt.value if isinstance(stmt, ast.Assign) else None
            if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Lt, ast.Gt)):
                continue
            left, right = syntax.text(test.left), syntax.text(test.comparators[0])
            best = right if right in kept else left if left in kept else ""
            rises = isinstance(test.ops[0], ast.Gt) is (best == right)
            if best and (kept[best] == "max") is not rises:
                yield p.report(
                    "SB310",
                    (stmt, p.source),
                    f"the best model is chosen in the wrong direction: {best} is the {kept[best]}imum, but a "
                    f"{'higher' if rises else 'lower'} score counts as better",
                    why="the worst epoch is kept as the best",
                    fix=f"Turn the comparison round: {left} {'<' if rises else '>'} {right}",
                )
    for branch in q.nodes(p, ast.If):
        inner = (
            branch.test.operand
            if isinstance(branch.test, ast.UnaryOp) and isinstance(branch.test.op, ast.Not)
            else None
        )
        if not isinstance(inner, (ast.Name, ast.Attribute)) or branch.orelse:
            continue
        flag = set(words(syntax.text(inner).rsplit(".", 1)[-1]))
        calls = [n for s in branch.body for n in syntax.walk(s) if isinstance(n, ast.Call)]
        saved = [c for c in calls if {"best"} & {w for a in c.args for w in _written(a)}]
        if flag == {"is", "best"} and saved:
            yield p.report(
                "SB310",
                (branch, p.source),
                f"the best checkpoint is kept when {syntax.text(inner)} is False: the condition is inverted",
                why="the file holds the last epoch that was not the best",
                fix=f"Write if {syntax.text(inner)}:",
            )


def _written(node: ast.expr) -> list[str]:
    """The words of the texts in an expression."""
    found = [n.value for n in syntax.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [w for t in found for w in words(t.replace("/", "_").replace(".", "_").replace("-", "_"))]


def _compared(p: Program) -> Iterator[Finding]:
    up = {"acc", "accuracy", "f1", "auc", "score", "iou", "dice", "r2", "map", "precision", "recall"}
    down = {"loss", "error", "err", "mse", "mae", "rmse", "mape", "ppl", "perplexity", "nll", "lpips", *_ERRORS}
    kept_by = [(n, syntax.known(n, "_replacement", partial(_replacement, n))) for n in q.nodes(p, ast.If)]
    for node, kept in kept_by:
        if kept is None:
            continue
        test, best, score, wants = kept
        left, right = syntax.text(test.left), syntax.text(test.comparators[0])
        found = set(words(score.replace(".", "_").replace("[", "_"))) | set(
            words(best.replace(".", "_").replace("[", "_"))
        )
        own = set(words(score.replace(".", "_").replace("[", "_")))
        if found & up and found & down and bool(own & up) != bool(own & down):
            found = own  # a loss that is compared with the best accuracy: its own name counts
        chosen = isinstance(test.left if score == left else test.comparators[0], ast.Subscript) and '"' not in score
        meant = "" if chosen and "'" not in score else _meaning(p, test, score == left)
        if found & up <= _VAGUE and not found & down and meant == "loss" and wants:
            yield _loss_as_score(p, test, score)
            continue
        if not found & (up | down) and meant:
            found |= {meant}
        begun = _starts(p, test, best, best == right)
        starts = [v.const for v in begun]
        if found & up <= _VAGUE and not found & down:
            made = _maker(p, score)
            if made & (up | down) - _VAGUE:
                found = made
            elif starts and all(s == (float("-inf") if wants else float("inf")) for s in starts):
                continue  # a score of which the start says the direction
        if set(words(best.replace(".", "_"))) & (_LEAST if found & up and not wants else _MOST):
            continue  # the extreme itself is wanted: the worst group, the largest error
        if not wants and (_attack(p, test, starts) or (not own & (up | down) and _complement(p, test, score == left))):
            continue
        problem, at = "", None
        if found & _ERRORS:
            found -= {"score"}  # scores by name, errors by meaning
        if found & down and not found & up and wants:
            problem = f"{score} is better when it is lower, but the best is replaced when it is higher"
        elif found & up and not found & down and not wants:
            problem = f"{score} is better when it is higher, but the best is replaced when it is lower"
        elif (
            starts
            and (wants or found & (down | {"best"}))
            and all(s == float("inf") if wants else s in (0, float("-inf")) for s in starts)
            and not any(k[1] == best and k[3] is not wants and _one_function(p, n, node) for n, k in kept_by if k)
        ):
            problem, at = f"{best} starts at {starts[0]}, so the condition is never true", begun[0]
        if problem:
            yield p.report(
                "SB310",
                at if at is not None and at.line and at.src is p.source else (test, p.source),
                f"the best model is chosen in the wrong direction: {problem}",
                why="the worst checkpoint is kept (or none at all)",
                fix="Use < with float('inf') for losses, > with 0 (or -inf) for scores",
            )


def _one_function(p: Program, one: ast.If, other: ast.If) -> bool:
    """Whether two branches stand in one function: its best may be that of a loss or of a score, as a setting says."""
    around = [f for f in q.nodes(p, ast.FunctionDef) if f.lineno <= one.lineno <= (f.end_lineno or 0)]
    inner = max(around, key=lambda f: f.lineno) if around else None
    return inner is not None and inner.lineno <= other.lineno <= (inner.end_lineno or 0)


def _loss_as_score(p: Program, test: ast.Compare, score: str) -> Finding:
    seen = next((e for e in p.all("compare") if e.node is test), None)
    told = directions.decided(p, seen) if seen is not None else None
    problem, fix = f"{score} is a loss, better when it is lower, but the largest is kept", f"({score} = -loss)"
    fix = f"Turn its sign round {fix}, or keep the smallest"
    if isinstance(told, Val):
        lower = told.const == "max"
        problem = f"mode is {told.const!r}, but what is watched is better when it is {'lower' if lower else 'higher'}"
        fix = f"Say {'min' if lower else 'max'!r} instead"
    made = (next((a for a in q.nodes(p, ast.Assign) if syntax.text(a.targets[0]) == score), test), p.source)
    return p.report(
        "SB310",
        told if told is not None and told is not seen else made,
        f"the best model is chosen in the wrong direction: {problem}",
        why="the worst checkpoint is kept, and early stopping ends training while the score improves",
        fix=fix,
    )


def _replacement(node: ast.If) -> tuple[ast.Compare, str, str, bool] | None:
    """``if score > best: best = score``: the comparison, both names, and whether the larger one is kept."""
    test = _comparison(node.test)
    if test is None:
        return None
    left, right = syntax.text(test.left), syntax.text(test.comparators[0])
    greater = isinstance(test.ops[0], (ast.Gt, ast.GtE))
    assigned, counts = _stored(node.body), _counts(node.body)
    if counts and node.orelse and not {left, right} & set(assigned):
        assigned, greater = _stored(node.orelse), not greater  # the branch counts the bad epochs
        node = ast.If(node.test, node.orelse, [])
    left, right = _plain(test.left, assigned), _plain(test.comparators[0], assigned)
    if assigned.get(right) == left:
        best, score, wants = right, left, greater
    elif assigned.get(left) == right:
        best, score, wants = left, right, not greater
    else:
        return None
    return (test, best, score, wants) if _keeps(node, best) else None


def _stored(body: list[ast.stmt]) -> dict[str, str]:
    """What a block stores under which name; of a table each entry."""
    found: dict[str, str] = {}
    for a in body:
        for target in a.targets if isinstance(a, ast.Assign) else ():
            for t, v in _pairs(target, a.value):  # type: ignore[attr-defined]
                found[syntax.text(t)] = syntax.text(v)
                if isinstance(v, ast.Dict):
                    found |= {f"{syntax.text(t)}[{syntax.text(k)}]": syntax.text(x) for k, x in _rows(v)}
                elif isinstance(v, ast.Call) and syntax.text(v.func) == "dict":
                    found |= {f"{syntax.text(t)}['{k.arg}']": syntax.text(k.value) for k in v.keywords if k.arg}
    return found


def _rows(node: ast.Dict) -> list[tuple[ast.expr, ast.expr]]:
    return [(k, v) for k, v in zip(node.keys, node.values, strict=True) if k is not None]


def _counts(body: list[ast.stmt]) -> bool:
    """Whether a block counts something up by one."""
    return any(
        isinstance(a, ast.AugAssign) and isinstance(a.op, ast.Add) and isinstance(a.value, ast.Constant) for a in body
    )


def _plain(side: ast.expr, assigned: dict[str, str]) -> str:
    """A side of a comparison, without the margin that is added to the best so far."""
    if isinstance(side, ast.BinOp) and isinstance(side.op, (ast.Add, ast.Sub)):
        left = syntax.text(side.left)
        return left if left in assigned else syntax.text(side)
    return syntax.text(side)


def _attack(p: Program, test: ast.Compare, starts: list[object]) -> bool:
    """Whether nothing is trained between two comparisons, and the start says that the lowest score is looked for."""
    events = [e for e in p.all("compare") if e.node is test]
    frames = {id(r.node) for e in events for r in e.loops}
    trained = any(id(r.node) in frames for s in p.all("step", "backward") for r in s.loops)
    return bool(events) and not trained and bool(starts) and all(isinstance(s, (int, float)) and s >= 1 for s in starts)


def _complement(p: Program, test: ast.Compare, first: bool) -> bool:
    """Whether the score is one minus something: the lower the better, whatever the best so far is called."""
    scores = [e.args[0 if first else 1] for e in p.all("compare") if e.node is test and len(e.args) == 2]
    return bool(scores) and all(s.name == "sub" and s.args and s.args[0].const in (1, 100) for s in scores)


def _keeps(node: ast.If, best: str) -> bool:
    """Whether a branch keeps the best of something: its name says so, or weights are kept with it."""
    if set(words(best.replace(".", "_"))) & _BEST:
        return True
    kept = {n.attr if isinstance(n, ast.Attribute) else n.id for n in _names(node)}
    return bool(kept & {"save", "state_dict", "deepcopy", "copy", "clone", "save_checkpoint", "save_model"})


def _names(node: ast.If) -> Iterator[ast.Attribute | ast.Name]:
    for stmt in node.body:
        for one in syntax.walk(stmt):
            if isinstance(one, (ast.Attribute, ast.Name)):
                yield one


def _comparison(test: ast.expr) -> ast.Compare | None:
    """The one comparison by size in a condition."""
    ordered = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)
    if isinstance(test, ast.BoolOp):
        test = next((v for v in test.values if isinstance(v, ast.Compare) and isinstance(v.ops[0], ordered)), test)
    one = isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ordered)
    return test if one and isinstance(test, ast.Compare) else None


def _maker(p: Program, score: str) -> set[str]:
    """The words of the functions that a score comes from."""
    made = [v.node for n, v, _ in p.assigns if n == score] + [e.node for n, _, e in p.assigns if n == score]
    calls = [getattr(node, "value", node) for node in made]
    return {w for c in calls if isinstance(c, ast.Call) for w in words(syntax.text(c.func).replace(".", "_"))}


def _starts(p: Program, test: ast.Compare, best: str, at: int) -> list[Val]:
    """The number that the best score starts at: assigned, a default argument, or an attribute of an object."""
    known = [o for n, v, _ in p.assigns if n == best for o in v.options() if o.kind == "const"]
    for event in p.all("compare"):
        if event.node is test and len(event.args) > at:
            known += [o for o in event.args[at].options() if o.kind == "const"]
            break
    if not known:  # in a function that has not run
        given = [n.value for n in q.nodes(p, ast.Assign) if best in [syntax.text(t) for t in n.targets]]
        known = [const(float(n), v, p.source) for v in given if (n := _INFINITE.get(syntax.text(v).lower()))]
    return [k for k in known if isinstance(k.const, (int, float)) and not isinstance(k.const, bool)]


_INFINITE = {f"{sign}{name}": f"{sign}inf" for sign in ("", "-") for name in ("inf", "math.inf", "np.inf", "torch.inf")}
_INFINITE |= {f"{sign}float('inf')": f"{sign}inf" for sign in ("", "-")} | {"float('-inf')": "-inf"}


def _meaning(p: Program, test: ast.Compare, first: bool) -> str:
    """What the compared score is made of: ``loss``, ``acc`` or ``""``."""
    for event in p.all("compare"):
        if event.node is test and len(event.args) >= 2:
            found = directions.signed(event.args[0 if first else 1])
            if found:
                return found
    return ""


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Targets and values of one assignment, tuples taken apart."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]
