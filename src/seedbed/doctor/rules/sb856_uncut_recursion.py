"""Returns or advantages run over the end of an episode.

## What it does

Finds backward recursions `acc = delta + gamma * lam * acc` without the terminal mask, where the ends of episodes
are known.

## Why is this bad

The rewards (advantages) of the next episode are carried into the one before. Actions are credited with what they
did not cause.

## Example

```python
def advantages(rewards, values, dones, last, gamma=0.99, lam=0.95):
    adv, acc = torch.zeros_like(rewards), 0.0
    for t in reversed(range(len(rewards))):
        alive = 1 - dones[t]
        delta = rewards[t] + gamma * alive * last - values[t]
        acc = delta + gamma * lam * acc
        adv[t], last = acc, values[t]
    return adv
```

## Use instead

```python
def advantages(rewards, values, dones, last, gamma=0.99, lam=0.95):
    adv, acc = torch.zeros_like(rewards), 0.0
    for t in reversed(range(len(rewards))):
        alive = 1 - dones[t]
        delta = rewards[t] + gamma * alive * last - values[t]
        acc = delta + gamma * lam * alive * acc
        adv[t], last = acc, values[t]
    return adv
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_ENDS = re.compile(
    r"done|termin|\bend(s|ed|ing)?\b|alive|mask|\bcont(inue)?s?\b|not_?last|last_?step|\bds?\b|\bfinal|episode_?start",
    re.I,
)
_WHOLE = ("1", "1.0")
_RATES = re.compile(r"(?i:gamma|discount|lam)|\bg\b|0\.9\d*")  # not G, which is often the return itself


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for func in q.nodes(p, ast.FunctionDef, ast.Module):
        for loop in syntax.walk(func):
            if not isinstance(loop, ast.For) or not _backwards(loop):
                continue
            loop = syntax.whole(func, loop)
            found = _recursion(loop)
            if (
                found is None
                or not _known(func, loop)
                or _resets(loop)
                or _set_elsewhere(loop, found)
                or _begun_by_end(func)
            ):
                continue
            name = syntax.text(found.targets[0]) if isinstance(found, ast.Assign) else ""
            yield p.report(
                "SB856",
                (found, p.source),
                f"{name} is carried over the end of an episode: the recursion has no terminal mask (1 - done)",
                why="what the next episode earns is added to the one before, although the ends are known (done)",
                fix=f"Multiply the carried part with the mask: {name} = delta + gamma * lam * (1 - done[t]) * {name}",
            )
            return


def _backwards(loop: ast.For) -> bool:
    over = syntax.text(loop.iter)
    return "reversed(" in over or "[::-1]" in over or ", -1, -1)" in over or ".flip(" in over


def _recursion(loop: ast.For) -> ast.Assign | None:
    """The statement that carries a discounted sum from one step to the one before, without a mask in it."""
    for node in loop.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        name, value = node.targets[0].id, node.value
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
            continue
        for side in (value.left, value.right):
            carried = any(isinstance(n, ast.Name) and n.id == name for n in syntax.walk(side))
            if carried and isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult):
                said = _opened(loop, side)
                masked = _ENDS.search(said) or " * (" in said.replace(f"({name})", "")
                if _RATES.search(said) and not masked and _only_rates(side, name):
                    return node
    return None


def _only_rates(side: ast.AST, name: str) -> bool:
    """Whether the carried sum is multiplied by known rates only: any other factor may be the mask."""
    factors = [side]
    while any(isinstance(f, ast.BinOp) and isinstance(f.op, ast.Mult) for f in factors):
        factors = [
            part
            for f in factors
            for part in ((f.left, f.right) if isinstance(f, ast.BinOp) and isinstance(f.op, ast.Mult) else (f,))
        ]
    return all(isinstance(f, ast.Constant) or syntax.text(f) == name or _RATES.search(syntax.text(f)) for f in factors)


def _opened(loop: ast.For, side: ast.AST) -> str:
    """The code of a term, with names that the loop itself sets written out."""
    said = syntax.text(side)
    for node in loop.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if re.search(rf"\b{name}\b", syntax.text(side)) and not re.search(rf"\b{name}\b", syntax.text(node.value)):
                said += " " + syntax.text(node.value)
    return said


def _known(func: ast.AST, loop: ast.For) -> bool:
    """Whether the ends of episodes are at hand: read in the loop, or given to the function."""
    strict = re.compile(r"done|terminal|terminated|alive|not_?last|\bends\b", re.I)
    given = [a.arg for a in func.args.args] if isinstance(func, ast.FunctionDef) else []
    inside = [syntax.text(n) for n in syntax.walk(loop) if isinstance(n, (ast.Name, ast.Attribute))]
    inside += [n.value for n in syntax.walk(loop) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return any(strict.search(name) for name in [*given, *inside]) or _masks_step(loop)


def _masks_step(loop: ast.For) -> bool:
    """Whether a value of another step is multiplied with ``1 - d[t]``, an item of this step: a mask by another name."""
    turns = {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}
    for node in syntax.walk(loop):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
            continue
        for side, rest in ((node.left, node.right), (node.right, node.left)):
            off = isinstance(side, ast.BinOp) and isinstance(side.op, ast.Sub) and syntax.text(side.left) in _WHOLE
            item = side.right if isinstance(side, ast.BinOp) and off else None
            of_step = isinstance(item, ast.Subscript) and syntax.text(item.slice) in turns
            said = syntax.text(item) if item is not None else ""
            if (of_step or said in turns) and not _RATES.search(said) and _RATES.search(syntax.text(rest)):
                return True
    return False


def _begun_by_end(func: ast.AST) -> bool:
    """Whether one flag tells how the last step ended, ``0 if done else value(last)``: the rows are of one episode."""
    given = {a.arg for a in func.args.args} if isinstance(func, ast.FunctionDef) else set()
    tests = [n.test for n in syntax.walk(func) if isinstance(n, (ast.IfExp, ast.If))]
    plain = [t.operand if isinstance(t, ast.UnaryOp) else t for t in tests]
    flags = {t.id for t in plain if isinstance(t, ast.Name)} & given
    return any(_ENDS.search(name) for name in flags)


def _set_elsewhere(loop: ast.For, found: ast.Assign) -> bool:
    """Whether the carried sum is changed a second time in the loop, as ``acc = acc * mask`` before it is used."""
    name = syntax.text(found.targets[0])
    for node in syntax.walk(loop):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        )
        inner = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        plain = [e.value if isinstance(e, ast.Subscript) else e for e in inner]
        if node is not found and any(isinstance(e, ast.Name) and e.id == name for e in plain):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
            of = node.func.value.value if isinstance(node.func.value, ast.Subscript) else node.func.value
            if isinstance(of, ast.Name) and of.id == name:
                return True
    return False


def _resets(loop: ast.For) -> bool:
    """Whether a branch in the loop looks at the ends."""
    return any(isinstance(n, (ast.If, ast.IfExp)) and _ENDS.search(syntax.text(n.test)) for n in syntax.walk(loop))
