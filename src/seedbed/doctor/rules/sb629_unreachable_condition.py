"""A condition on the loop's number is never true: the branch never runs.

## What it does

Finds branches in a training loop over a known range whose condition no round fulfils: a last epoch that is one too
high, a remainder that cannot occur.

## Why is this bad

What stands in the branch (unfreezing, saving, cutting the learning rate, evaluating) is silently left out.

## Example

```python
for epoch in range(10):
    if epoch == 10:
        torch.save(model.state_dict(), "last.pt")
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```

## Use instead

```python
for epoch in range(10):
    if epoch == 9:
        torch.save(model.state_dict(), "last.pt")
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    yield from _after_update(p)
    loops = {id(r.node): r for b in p.all("backward") for r in b.loops}
    for run in loops.values():
        node, over = run.node, run.over
        if (
            not isinstance(node, ast.For)
            or not isinstance(node.target, ast.Name)
            or over is None
            or over.name != "range"
        ):
            continue
        if any(
            isinstance(n, ast.Name) and n.id == node.target.id and isinstance(n.ctx, ast.Store)
            for s in node.body
            for n in syntax.walk(s)
        ):
            continue
        for name, part in ((node.target.id, node), *_handed_on(p, node, node.target.id)):
            for branch in syntax.walk(part):
                if isinstance(branch, ast.If) and not _leaves(branch) and (why := _never(p, run, name, branch.test)):
                    yield p.report(
                        "SB629",
                        (branch, run.src),
                        f"this branch never runs: {syntax.text(branch.test)} is never true, because {why}",
                        why="what stands in it is silently left out (the condition is never reached)",
                        fix="Check the last value of the range: range(n) ends at n - 1",
                        related=((str(run.src.path), run.line, "the loop"),),
                    )


def _handed_on(p: Program, loop: ast.For, name: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions of the file that are called in this loop only and get its counter, by what they call it."""
    funcs: dict[str, list[ast.FunctionDef]] = {}
    for func in p.nodes(ast.FunctionDef):
        funcs.setdefault(func.name, []).append(func)
    used = [n.id for n in p.nodes(ast.Name) if n.id in funcs]
    for call in syntax.walk(loop):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or used.count(call.func.id) != 1:
            continue
        func = funcs[call.func.id][0]
        plain = not func.decorator_list and not any(isinstance(a, ast.Starred) for a in call.args)
        if len(funcs[func.name]) > 1 or not plain:
            continue
        pairs = [*zip((a.arg for a in func.args.args), call.args, strict=False)]
        pairs += [(k.arg, k.value) for k in call.keywords if k.arg is not None]
        for inner, given in pairs:
            same = isinstance(given, ast.Name) and given.id == name
            if same and not any(
                isinstance(n, ast.Name) and n.id == inner and isinstance(n.ctx, ast.Store) for n in syntax.walk(func)
            ):
                yield inner, func


def _names_it(extreme: Val, event: Event) -> bool:
    """Whether the call of ``max`` has the compared value among its arguments by the same name."""
    if not isinstance(event.node, ast.Compare) or not isinstance(extreme.node, ast.Call):
        return False
    return syntax.text(event.node.left) in [syntax.text(a) for a in extreme.node.args]


def _after_update(p: Program) -> Iterator[Finding]:
    """``best = max(score, best)`` and only then ``score > best``."""
    verdicts: dict[int, list[bool]] = {}
    for event in p.all("compare"):
        if event.name in ("Gt", "Lt") and len(event.args) == 2:
            (left, right), extreme = event.args, "max" if event.name == "Gt" else "min"
            kept = right.name == extreme and len(right.args) > 1 and any(a is left for a in right.args)
            verdicts.setdefault(id(event.node), []).append(kept and _names_it(right, event))
    for branch, copied in _just_copied(p):
        yield p.report(
            "SB629",
            (branch, p.source),
            f"this branch never runs: {syntax.text(branch.test)} compares a value with itself, because line "
            f"{copied.lineno} has just copied it",
            why="improvements are never noticed, and the best is never kept",
            fix="Compare first, then update the kept value",
        )
    for event in p.once("compare"):
        if all(verdicts.get(id(event.node), [False])):
            done = "max" if event.name == "Gt" else "min"
            yield p.report(
                "SB629",
                event,
                f"this comparison is never true: the best was already updated with {done}(), so it is never worse than "
                "the score",
                why="the best checkpoint is never saved, or improvements are never noticed",
                fix="Compare first, then update the best",
            )


def _just_copied(p: Program) -> Iterator[tuple[ast.If, ast.Assign]]:
    """``prev = loss`` straight before ``if loss < prev``."""
    for outer in p.nodes(ast.For, ast.While, ast.FunctionDef):
        for first, second in zip(outer.body, outer.body[1:], strict=False):
            test = second.test if isinstance(second, ast.If) else None
            if not isinstance(first, ast.Assign) or not isinstance(first.value, ast.Name) or len(first.targets) != 1:
                continue
            if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Lt, ast.Gt)):
                sides = {syntax.text(test.left), syntax.text(test.comparators[0])}
                if sides == {syntax.text(first.targets[0]), first.value.id} and len(sides) == 2:
                    yield second, first


def _leaves(branch: ast.If) -> bool:
    """Whether a branch only ends something: limits far away are usual there."""
    return isinstance(branch.body[-1], (ast.Break, ast.Return, ast.Raise, ast.Continue))


def _never(p: Program, run: LoopRun, name: str, test: ast.expr) -> str:
    """Why a condition is false in every round, ``""`` where it may be true."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or run.over is None:
        return ""
    op, left, right = test.ops[0], test.left, test.comparators[0]
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod) and isinstance(op, ast.Eq):
        size, rest = _number(p, left.right), _number(p, right)
        own = any(isinstance(n, ast.Name) and n.id == name for n in syntax.walk(left.left))
        if own and size is not None and rest is not None and 0 < size <= rest:
            return f"a remainder of {size} is at most {size - 1}"
        return ""
    if not isinstance(left, ast.Name) or left.id != name:
        return ""
    last = _last(run)
    if isinstance(op, ast.In):
        listed = _numbers(p, right)
        return f"{name} ends at {last}" if listed and last is not None and min(listed) > last else ""
    if not isinstance(op, (ast.Eq, ast.GtE, ast.Gt)):
        return ""
    bound = _number(p, right)
    if last is not None and bound is not None and (bound > last or (bound == last and isinstance(op, ast.Gt))):
        return f"{name} ends at {last}"
    stop = getattr(run.node, "iter", None)
    if last is None and isinstance(stop, ast.Call) and stop.args and isinstance(right, (ast.Name, ast.Attribute)):
        end = stop.args[0] if len(stop.args) == 1 else stop.args[1]
        if syntax.text(end) == syntax.text(right):
            return f"range() ends before {syntax.text(right)}"
    return ""


def _last(run: LoopRun) -> int | None:
    """The last number of a range, when all its bounds are known."""
    args = [a.const if a.kind == "const" else None for a in run.over.args] if run.over is not None else []
    if not args or not all(isinstance(a, int) for a in args):
        return None
    numbers = range(*(a for a in args if isinstance(a, int)))
    return max(numbers) if len(numbers) else None


def _number(p: Program, node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    name = syntax.text(node)
    values = [v for n, v, _ in p.assigns if n == name]
    if isinstance(node, ast.Name) and len({id(v) for v in values}) == 1 and values[0].kind == "const":
        return values[0].const if type(values[0].const) is int else None
    return None


def _numbers(p: Program, node: ast.expr) -> list[int]:
    """The whole numbers of a written-down list (or the keys of a table), none where one of them is not known."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        found = [_number(p, n) for n in node.elts]
        return [n for n in found if n is not None] if None not in found else []
    name = node.id if isinstance(node, ast.Name) else ""
    stores = [n for n in p.nodes(ast.Name) if n.id == name and isinstance(n.ctx, ast.Store)]
    given = [a for a in p.nodes(ast.Assign) if any(t is s for t in a.targets for s in stores)]
    if len(stores) != 1 or len(given) != 1 or isinstance(given[0].value, ast.Name) or _is_changed(p, name):
        return []
    value = given[0].value
    if isinstance(value, ast.Dict):
        value = ast.Tuple([k for k in value.keys if k is not None], ast.Load()) if None not in value.keys else value
    return _numbers(p, value)


def _is_changed(p: Program, name: str) -> bool:
    """Whether a list may get other items: a method of it is called, an item is set, or it is handed to something."""
    reads = [n for n in p.nodes(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    tested = {id(c) for t in p.nodes(ast.Compare) for c in t.comparators}
    looked = {id(s.value) for s in p.nodes(ast.Subscript) if isinstance(s.ctx, ast.Load)}
    return any(id(n) not in tested | looked for n in reads) or any(a.arg == name for a in p.nodes(ast.arg))
