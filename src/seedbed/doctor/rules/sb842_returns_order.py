"""Discounted returns run through the rewards in the wrong order.

## What it does

Finds `R = r + gamma * R` over the rewards from first to last, and returns that are collected backwards but never
turned round.

## Why is this bad

The return of a step must sum what comes after it. In this order each action is judged by other steps.

## Example

```python
def returns_of(rewards, gamma=0.99):
    total, found = 0.0, []
    for reward in rewards:
        total = reward + gamma * total
        found.append(total)
    return torch.tensor(found)

net = nn.Linear(2, 2)
```

## Use instead

```python
def returns_of(rewards, gamma=0.99):
    total, found = 0.0, []
    for reward in reversed(rewards):
        total = reward + gamma * total
        found.insert(0, total)
    return torch.tensor(found)

net = nn.Linear(2, 2)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax, td_errors
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.syntax import walk

_ERRORS = frozenset(["delta", "deltas", "td", "err", "error"])
_NAMES = frozenset(["reward", "rewards", "rew", "rews", "r"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete and p.events:
        return
    yield from _discounted(p)
    yield from _forwards(p)
    yield from _accumulated(p)
    for loop in q.nodes(p, ast.For):
        over = syntax.text(loop.iter)
        update = next((n for n in loop.body if _is_return(n)), None)
        kept = _collected(loop, update)
        if update is None or not kept or not _over_rewards(loop, over):
            continue
        back = "reversed" in over or "[::-1]" in over or "-1, -1" in over or ".flip" in over or _reversed(p, loop)
        name, front = kept
        if not back:
            yield p.report(
                "SB842",
                (loop, p.source),
                "discounted returns are summed from the first reward to the last: the order must be reversed",
                why="the return of a step is its reward-to-go (future rewards), here it holds the past rewards",
                fix="Run backwards: for r in reversed(rewards): R = r + gamma * R; returns.insert(0, R)",
            )
        elif back and not front and not _turned(p, loop, name) and not _beside(loop, name):
            yield p.report(
                "SB842",
                (loop, p.source),
                f"the returns are collected backwards and never reversed again: {name} is in the wrong order",
                why="the return of the last step is paired with the first action",
                fix=f"Use {name}.insert(0, R), or reverse the list after the loop",
            )


def _beside(loop: ast.For, name: str) -> bool:
    """Whether what belongs to each return (its state, its action) is collected in the same loop, in the same order."""
    given = {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}
    for node in syntax.walk(loop):
        func = node.func if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and isinstance(func, ast.Attribute) and func.attr == "append" and node.args:
            kept = {n.id for n in syntax.walk(node.args[0]) if isinstance(n, ast.Name)}
            if kept & given and syntax.text(func.value) != name:
                return True
    return False


def _discounted(p: Program) -> Iterator[Finding]:
    """``R = gamma * r + R``: the discount is at the reward, not at the return."""
    for loop in q.nodes(p, ast.For):
        for node in loop.body if _over_rewards(loop, syntax.text(loop.iter)) else ():
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            name, value = node.targets[0].id, node.value
            if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
                continue
            for side, other in ((value.left, value.right), (value.right, value.left)):
                parts = td_errors.factors(side)
                if not (isinstance(other, ast.Name) and other.id == name and len(parts) == 2):
                    continue
                rate = next((x for x in parts if td_errors.is_rate(x)), None)
                reward = next((x for x in parts if _NAMES & set(words(syntax.text(x).split("[")[0]))), None)
                if rate is None or reward is None or _moves(loop, syntax.text(rate)):
                    continue
                yield p.report(
                    "SB842",
                    (node, p.source),
                    f"the discount multiplies the reward, not the return: {name} is a plain sum, nothing far away "
                    "counts less",
                    why="all later rewards count the same, so the credit of an action does not fade with time",
                    fix=f"Use {name} = {syntax.text(reward)} + {syntax.text(rate)} * {name}",
                )


def _accumulated(p: Program) -> Iterator[Finding]:
    """``accumulate(rewards, lambda G, r: r + gamma * G)``: the sum of what came before, discounted."""
    for call in q.nodes(p, ast.Call):
        if syntax.text(call.func) not in ("accumulate", "itertools.accumulate") or not call.args:
            continue
        step = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "func"), None)
        items = call.args[0]
        if not isinstance(step, ast.Lambda) or len(step.args.args) != 2 or not isinstance(items, ast.Name):
            continue
        so_far, sides = step.args.args[0].arg, step.body
        if not isinstance(sides, ast.BinOp) or not isinstance(sides.op, ast.Add):
            continue
        parts = [td_errors.factors(side) for side in (sides.left, sides.right)]
        faded = [f for f in parts if len(f) == 2 and any(isinstance(x, ast.Name) and x.id == so_far for x in f)]
        said = set(words(items.id)) | set(words(step.args.args[1].arg))
        if len(faded) != 1 or not said & _NAMES or not any(td_errors.is_rate(x) for x in faded[0]):
            continue
        if _turned_before(p, call, items.id):
            continue
        yield p.report(
            "SB842",
            (call, p.source),
            f"discounted returns are accumulated over {items.id} from the first reward to the last: the order must be "
            "reversed",
            why="the return of a step is its reward-to-go (future rewards), here it holds the past rewards",
            fix=f"Run backwards and turn the result round: list(accumulate({items.id}[::-1], ...))[::-1]",
        )


def _turned_before(p: Program, call: ast.Call, name: str) -> bool:
    """Whether the rewards are turned round somewhere under their name, or may come in turned round."""
    for node in q.nodes(p, ast.Assign, ast.For):
        value = node.value if isinstance(node, ast.Assign) else node.iter
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        own = any(isinstance(t, ast.Name) and t.id == name for target in targets for t in syntax.walk(target))
        if own and any(w in syntax.text(value) for w in ("reversed", "[::-1]", "flip")):
            return True
    calls = [syntax.text(c) for c in q.nodes(p, ast.Call) if c is not call]
    around = [f for f in q.nodes(p, ast.FunctionDef) if f.lineno <= call.lineno <= (f.end_lineno or 0)]
    turned = [c for c in calls if any(w in c for w in ("reversed", "[::-1]", "flip"))]
    users = [c for c in turned if any(f"{f.name}(" in c for f in around)]
    return f"{name}.reverse()" in calls or bool(users)


def _moves(loop: ast.For, rate: str) -> bool:
    """Whether the discount itself shrinks in the loop."""
    sets = [n for n in walk(loop) if isinstance(n, (ast.AugAssign, ast.Assign))]
    return any(syntax.text(t) == rate for n in sets for t in (n.targets if isinstance(n, ast.Assign) else [n.target]))


def _forwards(p: Program) -> Iterator[Finding]:
    """Generalised advantages that are summed from the first step to the last."""
    for loop in q.nodes(p, ast.For):
        over = loop.iter
        if not isinstance(over, ast.Call) or syntax.text(over.func) != "range" or len(over.args) > 2:
            continue
        for node in loop.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            name, value = node.targets[0].id, node.value
            sides = (value.left, value.right) if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) else ()
            parts = [td_errors.factors(side) for side in sides]
            own = [f for f in parts if any(isinstance(x, ast.Name) and x.id == name for x in f)]
            rest = {w for side in sides for w in words(syntax.text(side).split("[")[0])}
            if (
                own
                and rest & _ERRORS
                and any(td_errors.is_trace(x) for x in own[0])
                and any(td_errors.is_rate(x) for x in own[0])
            ):
                yield p.report(
                    "SB842",
                    (loop, p.source),
                    "generalised advantages are summed from the first step to the last: the order must be reversed",
                    why="the advantage of a step must hold what comes after it, here it holds what came before",
                    fix="Run backwards: for t in reversed(range(n))",
                )


def _reversed(p: Program, loop: ast.For) -> bool:
    """Whether what a loop runs over was turned round before, or may have been where it comes from."""
    names = {n.id for n in walk(loop.iter) if isinstance(n, ast.Name)} - {"zip", "enumerate", "range", "len"}
    for node in q.nodes(p, ast.Call):
        text = syntax.text(node.func)
        if text.endswith(".reverse") and text.rsplit(".", 1)[0] in names:
            return True
    for node in q.nodes(p, ast.Assign):
        told = syntax.text(node.value)
        if any(t.id in names for t in node.targets if isinstance(t, ast.Name)):  # noqa: SIM102
            if "::-1" in told or "reversed" in told or "flip" in told:
                return True
    return any(isinstance(n, ast.Call) and syntax.text(n.func) not in ("zip", "enumerate") for n in walk(loop.iter))


def _is_return(node: ast.stmt) -> bool:
    """Whether a statement is ``R = r + gamma * R``."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return False
    value, name = node.value, node.targets[0].id
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)):
        return False
    for side, other in ((value.left, value.right), (value.right, value.left)):
        if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult):
            own = [n.id for n in syntax.walk(side) if isinstance(n, ast.Name)]
            if name in own and name not in [n.id for n in syntax.walk(other) if isinstance(n, ast.Name)]:
                return True
    return False


def _collected(loop: ast.For, update: ast.stmt | None) -> tuple[str, bool] | None:
    """The list that gets the return of each step, and whether it is put in front."""
    if update is None:
        return None
    name = update.targets[0].id  # type: ignore[attr-defined]
    for node in walk(loop):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            last = node.args[-1]
            if name in [n.id for n in syntax.walk(last) if isinstance(n, ast.Name)]:
                if node.func.attr == "append":
                    return syntax.text(node.func.value), False
                if node.func.attr in ("insert", "appendleft"):
                    return syntax.text(node.func.value), True
    return None


def _over_rewards(loop: ast.For, over: str) -> bool:
    said = set(words(over)) | {w for n in syntax.walk(loop.target) for w in words(getattr(n, "id", ""))}
    return bool(said & _NAMES)


def _turned(p: Program, loop: ast.For, name: str) -> bool:
    """Whether a list (or what it is paired with) is reversed anywhere after the loop."""
    end = loop.end_lineno or loop.lineno
    scope = next(
        (f for f in q.nodes(p, ast.FunctionDef) if f.lineno <= loop.lineno <= (f.end_lineno or 0)),
        p.source.tree,
    )
    for node in walk(scope):
        if getattr(node, "lineno", 0) <= end:
            continue
        if isinstance(node, ast.Call):
            text = syntax.text(node.func)
            if text.endswith((".reverse", ".flip", "reversed", "flip", "flipud")):
                return True
        if isinstance(node, ast.Subscript) and "::-1" in syntax.text(node):
            return True
    return False
