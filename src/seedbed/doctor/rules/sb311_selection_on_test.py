"""The test set is used to choose the model.

## What it does

Finds models that are chosen by their score on the test set.

## Why is this bad

The test score is then the best of many: too good, and no longer a measure for new data.

## Example

```python
best_acc = 0.0
val_acc = 0.0
for epoch in range(10):
    for x, y in test_loader:
        test_acc = (model(x).argmax(1) == y).float().mean().item()
    if test_acc > best_acc:
        best_acc = test_acc
        torch.save(model.state_dict(), "best.pt")
```

## Use instead

```python
best_acc = 0.0
for epoch in range(10):
    for x, y in val_loader:
        val_acc = (model(x).argmax(1) == y).float().mean().item()
    if val_acc > best_acc:
        best_acc = val_acc
        torch.save(model.state_dict(), "best.pt")
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rankings, rounds, syntax
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import LoopRun, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told = False
    for node in q.nodes(p, ast.If):
        test = node.test
        if isinstance(test, ast.BoolOp):
            ordered = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)
            test = next((v for v in test.values if isinstance(v, ast.Compare) and isinstance(v.ops[0], ordered)), test)
        if not isinstance(test, ast.Compare) or len(test.comparators) != 1:
            continue
        sides = [syntax.text(test.left), syntax.text(test.comparators[0])]
        best = next((x for x in sides if "best" in words(x.replace(".", "_"))), None)
        score = next((x for x in sides if x != best), "")
        if best is None:
            continue
        said = "test" in words(score.replace(".", "_").replace("[", "_").replace("'", "_").replace('"', "_"))
        values = [a for e in p.all("compare") if e.node is test for a in e.args]
        phases = None if said else _test_phase(p, test)
        if not said and phases is None and not any(_from_test(a) for a in values):
            continue
        if not any(
            isinstance(a, ast.Assign)
            and {best, best.partition("[")[0]}  # best = {"score": score, ...} writes best["score"] too
            & {syntax.text(t) for x in a.targets for t in (x.elts if isinstance(x, ast.Tuple) else [x])}
            for a in syntax.walk(node)
        ):
            continue
        yield p.report(
            "SB311",
            (test, p.source) if said else phases or _misnamed(values) or _handed_in(p, test),
            "the test set is used to choose the best model",
            why="the best of many test scores is too optimistic; the test set leaks into the choice",
            fix="Choose by a validation split and use the test set once, at the end",
            severity=Severity.WARNING
            if (_has_validation(p) or _later(p, test)) and not _only_shown(p, node, best)
            else Severity.HINT,
        )
        told = True
    yield from _ranked(p)
    if not told:
        yield from _beaten(p)


def _only_shown(p: Program, branch: ast.If, best: str) -> bool:
    """Whether nothing but the record itself is kept, and nobody reads it but its own comparison and what is printed."""
    stored = [t for s in branch.body if isinstance(s, ast.Assign) for t in s.targets]
    kept = {syntax.text(t) for t in stored}
    if len(stored) != len(branch.body) or branch.orelse or not all(isinstance(t, ast.Name) for t in stored):
        return False
    inside = {id(n) for n in syntax.walk(branch.test)}
    for shown in q.nodes(p, ast.Call):
        if syntax.text(shown.func) in ("print", "tqdm.write"):
            inside.update(id(n) for n in syntax.walk(shown))
    reads = [n for n in q.nodes(p, ast.Name) if n.id in kept and isinstance(n.ctx, ast.Load)]
    return best in kept and all(id(n) in inside for n in reads)


def _ranked(p: Program) -> Iterator[Finding]:
    """Candidates (settings, seeds, sizes) that are ranked by their test scores."""
    for place, pick in rankings.by_test(p):
        yield p.report(
            "SB311",
            place,
            "the candidates are ranked by their score on the test set: the test set is used to choose the best model",
            why="the best of many test scores is too optimistic; the validation split is there and is not used for "
            "the choice (selection on the test data is a leak)",
            fix="Rank by the validation score and use the test set once, for the chosen one",
            related=((str(pick.src.path), pick.line, "picked here"),),
        )


def _beaten(p: Program) -> Iterator[Finding]:
    """The weights with the best test score are kept, whatever the names of the scores are."""
    for place, compared in rankings.best_by_test(p):
        yield p.report(
            "SB311",
            place,
            "the score on the test set is used to choose the best model",
            why="the best of many test scores is too optimistic; the test set leaks into the choice, and the "
            "validation split is not used for it",
            fix="Choose by a validation split and use the test set once, at the end",
            related=((str(compared.src.path), compared.line, "compared here"),),
        )
        return


def _misnamed(values: list[Val]) -> Val | None:
    """The loader that is called one of validation and holds the test data: the choice itself is in order."""
    loaders = [v for a in values for v in ancestors(a, limit=600) if v.kind == "loader" and v.line]
    return next((v for v in loaders if split_of(v.var) == "val" and v.split == "test"), None)


def _handed_in(p: Program, test: ast.AST) -> tuple[ast.AST, Source]:
    """The call that gave the test data to the function that chooses, else the choice itself."""
    event = next((e for e in p.all("compare") if e.node is test), None)
    for node, src in reversed(event.sites) if event is not None else ():
        given = [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
        if any(split_of(w) == "test" for a in given for w in _names(a)):
            return node, src
    if event is not None and event.sites and event.src is p.source:
        call = event.sites[-1][0]
        if isinstance(call, ast.Call) and (call.args or call.keywords):
            return event.sites[-1]  # scores of the test set came in by a parameter
    return test, p.source


def _test_phase(p: Program, test: ast.AST) -> tuple[ast.AST, Source] | None:
    """The loop over ``"train", "test"`` in whose test round alone the choice is made."""
    rounds_of: dict[int, set[str]] = {}
    frames: dict[int, LoopRun] = {}
    for event in (e for e in p.all("compare") if e.node is test):
        for frame, number in zip(event.loops, event.rounds, strict=False):
            over = frame.over
            keys = [i.const for i in over.items or []] if over is not None and over.kind in ("list", "tuple") else []
            if number < len(keys) and all(isinstance(k, str) and split_of(k) for k in keys):
                rounds_of.setdefault(id(frame.node), set()).add(split_of(keys[number]))
                frames[id(frame.node)] = frame
    found = next((n for n, splits in rounds_of.items() if splits == {"test"}), None)
    return (frames[found].node, frames[found].src) if found is not None else None


def _names(node: ast.AST) -> Iterator[str]:
    """Names, attributes and keys in an expression."""
    for one in syntax.walk(node):
        if isinstance(one, (ast.Name, ast.Attribute)):
            yield one.id if isinstance(one, ast.Name) else one.attr
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def _has_validation(p: Program) -> bool:
    """Whether there is a validation split that the choice could be made by, not the test split under another name."""
    kinds = ("loader", "dataset", "tensor")
    split = [v for n, v, _ in p.assigns if split_of(n) == "val"]
    split += [i for v in split if v.kind == "tuple" for i in (v.items or ()) if i.kind == "tensor" and i.shape != ()]
    named = (v for v in split if v.kind in kinds and not _is_test(v))
    if any(v.kind != "tensor" or not any(a.name == "forward" for a in ancestors(v, limit=200)) for v in named):
        return True  # data; a tensor that a model made is a score
    runs = [LoopRun(e.node, e.src, e.recv) for e in p.all("loop")]
    return any(rounds.loop_split(r) == "val" and not _is_test(rounds.base_of_loop(r)) for r in runs)


def _is_test(val: Val | None) -> bool:
    """Whether data is the test split of a public data set, whatever it is called."""
    held = val.args[:1] if val is not None and val.kind == "loader" else (val,)
    data = [o for a in held if a is not None for o in a.options()]
    return bool(data) and all(d.kind == "dataset" and d.split == "test" for d in data)


def _from_test(val: Val) -> bool:
    """Whether a score was measured on data of the test split."""
    return any(
        (v.kind in ("tensor", "loader", "dataset") and v.split == "test" and v.shape != ())
        or (v.name in ("part", "element") and v.var in ("te", "test_idx", "test_index", "test_ix"))
        for v in ancestors(val, limit=600)
    ) and not any(v.split == "val" for v in ancestors(val, limit=600))


def _later(p: Program, test: ast.AST) -> bool:
    """Whether the choice is used: weights are kept or restored."""
    return any(e.line > getattr(test, "lineno", 0) for e in p.all("restore"))
