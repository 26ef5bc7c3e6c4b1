"""Folds or trials go on with weights that have seen the held-out data.

## What it does

Finds cross-validation that goes on with the weights of the fold before.

## Why is this bad

The model has seen the held-out samples in an earlier fold: the scores are too good.

## Example

```python
from sklearn.model_selection import KFold
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for fold, (train_idx, val_idx) in enumerate(KFold(5).split(data)):
    for epoch in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(data[train_idx]), labels[train_idx]).backward()
        optimizer.step()
```

## Use instead

```python
from sklearn.model_selection import KFold
for fold, (train_idx, val_idx) in enumerate(KFold(5).split(data)):
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(data[train_idx]), labels[train_idx]).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, rounds, syntax, training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val

_FOLDS = "the model is not reset for each fold: later folds go on with weights that have seen their validation data"
_SETTINGS = "the model is not reset (not re-created) for each setting: every trial goes on with the weights of the last"

_FOLD_WORDS = re.compile(r"\b(kf|skf|kfold|cv|folds|KFold|StratifiedKFold|gkf)\b(?!\[)")  # folds[k] are batches


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    off = ownership.frozen(p)
    for event in p.once("loop"):
        node = event.node
        target = getattr(node, "target", None)
        names = (
            {w for n in syntax.walk(target) if isinstance(n, ast.Name) for w in words(n.id)}
            if target is not None
            else set()
        )
        text = syntax.text(node.iter) if isinstance(node, ast.For) else ""
        folds = "fold" in names or _FOLD_WORDS.search(text) is not None
        folds = folds or rounds.over_folds(LoopRun(node, event.src, event.recv)) or _leaves_one_out(node)
        if not folds and not _sweep(p, node):
            continue
        start, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
        for model in training.trained_modules(p):
            inside = [b for b in p.all("backward") if any(f.node is node for f in b.loops)]
            if (
                model.kind != "module"
                or not inside
                or id(model) in off
                or _stands_still(p, node, model)
                or (model.loops and any(n is node for n in model.loops))
                or (model.src is event.src and start <= model.line <= end)
            ):
                continue
            if model.copied is not None and model.seq > 0 and any(n is node for n in model.loops):
                continue
            if _picked(p, node, model):
                continue  # one of a list of models, which has another for each fold
            runs = [
                e for e in training.forwards(p) if e.recv is model and any(f.node is node for f in e.loops) and e.grad
            ]
            resets = [
                e
                for e in p.all("restore", "apply")
                if e.recv is model and any(f.node is node for f in e.loops) and not _of_this_fold(e, event)
            ] + [e for e in p.all("call") if e.name == ".reset_parameters" and any(f.node is node for f in e.loops)]
            if runs and not resets:
                yield p.report(
                    "SB613",
                    _kept(p, model, event),
                    _FOLDS if folds else _SETTINGS,
                    why="the validation samples of a fold were training samples of the folds before (a leak)"
                    if folds
                    else "the later settings look better (or worse) because of the training that was done before them",
                    fix=f"Create a new model and optimizer inside the {'fold ' if folds else ''}loop",
                    related=((str(event.src.path), event.line, "the loop"),),
                )
                break


def _picked(p: Program, node: ast.AST, model: Val) -> bool:
    """Whether the loop takes the model out of a list, ``models[fold]``, by what it counts."""
    target = getattr(node, "target", None)
    mine = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    for event in p.all("getitem"):
        key = event.node.slice if isinstance(event.node, ast.Subscript) else None
        inside = isinstance(key, ast.Name) and key.id in mine and any(f.node is node for f in event.loops)
        if inside and event.recv is not None and any(i is model for i in event.recv.items or ()):
            return True
    return False


def _leaves_one_out(node: ast.AST) -> bool:
    """Whether each round puts together all parts but its own: ``cat([part[j] for j in range(n) if j != k])``."""
    target = getattr(node, "target", None)
    mine = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    tests = (
        t
        for c in syntax.walk(node)
        if isinstance(c, ast.Call)
        and syntax.text(c.func).rsplit(".", 1)[-1] in ("cat", "concat", "concatenate", "hstack")
        for n in c.args
        if isinstance(n, ast.ListComp | ast.GeneratorExp)
        for g in n.generators
        for t in g.ifs
        if isinstance(t, ast.Compare) and len(t.ops) == 1 and isinstance(t.ops[0], ast.NotEq)
    )
    return any({n.id for s in (t.left, *t.comparators) if isinstance(n := s, ast.Name)} & mine for t in tests)


def _stands_still(p: Program, node: ast.AST, model: Val) -> bool:
    """Whether all that is stepped in the loop holds other things: a new head, or a patch or an image by name."""
    stepped = [e.recv for e in p.all("step") if any(f.node is node for f in e.loops)]
    table = {id(o): ms for _, o, ms in ownership.optimizers(p)}
    return bool(stepped) and all(
        o is not None
        and o.kind == "optimizer"
        and o.args
        and not any(ownership.related(m, model) for m in table.get(id(o), ()))
        and (bool(table.get(id(o))) or _written_down(o.args[0]))
        for o in stepped
    )


def _written_down(given: Val) -> bool:
    """Whether an optimizer gets a list of tensors that are known one by one."""
    parts = given.items or ()
    return given.kind in ("list", "tuple") and bool(parts) and all(i.kind == "tensor" and i.grad for i in parts)


def _of_this_fold(restore: Event, loop: Event) -> bool:
    """Whether the weights that are put back were taken in the loop: the best of a fold, no fresh start."""
    given = [o for a in restore.args for o in a.options() if not o.is_none]
    return restore.kind == "restore" and bool(given) and all(o.seq > loop.clock > 0 for o in given)


def _kept(p: Program, model: Val, loop: Event) -> Event:
    """Where the model was put into the variable that the loop goes on with."""
    names = [e for _, v, e in p.assigns if v is model and e.seq < loop.seq and e.kind == "assign"]
    kept = [e for e in p.all("attribute") if e.seq < loop.seq and e.args and e.args[-1] is model]
    return names[-1] if names else kept[-1] if kept else loop


def _sweep(p: Program, node: ast.AST) -> bool:
    """Whether a loop trains once for each setting and keeps a result for each: a comparison of settings."""
    if not isinstance(node, ast.For) or not _over_settings(p, node):
        return False
    names = {n.id for n in syntax.walk(node.target) if isinstance(n, ast.Name)}
    made = [e for e, _, _ in ownership.optimizers(p) if any(f.node is node for f in e.loops)]
    if not made or any(
        w in {"epoch", "ep", "step", "stage", "phase", "task", "cycle"} for n in names for w in words(n)
    ):
        return False
    for part in syntax.walk(node):
        key = part.slice if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store) else None
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "append":
            key = part.args[0] if part.args and isinstance(part.args[0], (ast.Tuple, ast.Dict)) else None
        if key is not None and names & {n.id for n in syntax.walk(key) if isinstance(n, ast.Name)}:
            return True
    return False


def _over_settings(p: Program, node: ast.For) -> bool:
    """Whether the loop runs over at least two written-down settings, not over data."""
    over = next((e.recv for e in p.all("loop") if e.node is node), None)
    while over is not None and over.kind == "iter" and over.args:
        over = over.args[0]
    if over is None or over.kind not in ("list", "tuple", "dict") or "each" in over.tags:
        return False
    parts = over.items or list(over.attrs.values())
    return bool(parts) and all(v.kind in ("const", "tuple", "dict", "list") for v in parts)
