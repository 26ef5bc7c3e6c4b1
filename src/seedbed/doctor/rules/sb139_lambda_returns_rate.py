"""LambdaLR's function returns a rate, but it must return a factor.

## What it does

Finds `LambdaLR` functions that return a learning rate instead of a factor.

## Why is this bad

`LambdaLR` multiplies the optimizer's rate by the returned value: 1e-3 times 1e-3 is 1e-6.

## Example

```python
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: 1e-3 * 0.95**epoch)
```

## Use instead

```python
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: 0.95**epoch)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import ownership, plans, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _rounded(p)
    yield from _factor_as_rate(p)
    for event in p.first_makers("LambdaLR", "MultiplicativeLR"):
        made = event.result
        if made is None or made.kind != "scheduler":
            continue
        found = list(_made_with_rate(p, event, made)) or list(_tiny_product(p, event, made))
        if found or made.name != "LambdaLR":
            yield from found
            continue
        func = made.arg(1, "lr_lambda")
        optimizer = made.arg(0, "optimizer")
        if func is not None and func.kind == "partial" and func.args:
            func = func.args[0]
        node = _body(func)
        if func is None or node is None:
            continue
        results = (
            [node.body]
            if isinstance(node, ast.Lambda)
            else [n.value for n in syntax.walk(node) if isinstance(n, ast.Return) and n.value is not None]
        )
        rate = (optimizer.kwargs.get("lr") or optimizer.arg(1)) if optimizer is not None else None
        for cut in _cuts(node, results):
            yield p.report(
                "SB139",
                (cut, func.src or event.src),
                "integer division // in LambdaLR's function: the learning rate is zero during the whole warm-up",
                why="the factor is cut to 0 until the warm-up is over, then it jumps to 1",
                fix="Use / instead of //",
            )
        yield from _returned(p, event, (node, func), results, rate)
        yield from _for_one_round(p, event, node, func)


def _for_one_round(p: Program, event: Event, node: Any, func: Val) -> Iterator[Finding]:
    """``0.1 if epoch in (30, 60) else 1.0``: the rate is low in these epochs alone."""
    params = {a.arg for a in node.args.args}
    for one in syntax.walk(node):
        pair: tuple[ast.expr | None, ast.expr | None]
        if isinstance(one, ast.IfExp):
            pair = (one.body, one.orelse)
        elif isinstance(one, ast.If) and isinstance(one.body[0], ast.Return) and isinstance(node, ast.FunctionDef):
            last = one.orelse[0] if one.orelse else node.body[-1]
            pair = (one.body[0].value, last.value if isinstance(last, ast.Return) else None)
        else:
            continue
        then, other = (n.value if isinstance(n, ast.Constant) else None for n in pair)
        if not isinstance(then, float) or not 0 < then < 1 or other not in (1, 1.0) or not _at_points(one.test, params):
            continue
        yield p.report(
            "SB139",
            (one, func.src or event.src),
            f"LambdaLR's function returns {then:g} in single epochs and 1.0 in all others: the rate jumps back at once",
            why="the returned factor is multiplied with the first rate (base rate), not with the one before; nothing "
            "is remembered from step to step",
            fix="Use MultiplicativeLR (or MultiStepLR), or return the product of all drops so far",
        )


def _at_points(test: ast.expr, params: set[str]) -> bool:
    """``epoch in (30, 60)``, ``epoch == 30``, ``epoch % 30 == 0``; not the first epochs, which may be a warm-up."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    for part in parts:
        if not isinstance(part, ast.Compare) or len(part.ops) != 1:
            continue
        left, right = part.left, part.comparators[0]
        counted = isinstance(left, ast.Name) and left.id in params
        if isinstance(part.ops[0], ast.In) and counted and isinstance(right, (ast.Tuple, ast.List, ast.Set)):
            points = [e.value for e in right.elts if isinstance(e, ast.Constant)]
            return len(points) == len(right.elts) and all(isinstance(n, int) and n > 2 for n in points)
        if isinstance(part.ops[0], ast.Eq) and isinstance(right, ast.Constant) and isinstance(right.value, int):
            wrapped = isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod)
            inner = left.left if isinstance(left, ast.BinOp) else left
            if isinstance(inner, ast.Name) and inner.id in params:
                return wrapped or (counted and right.value > 2)
    return False


def _made_with_rate(p: Program, event: Event, plan: Val) -> Iterator[Finding]:
    """A factor that is a product with the learning rate of the optimizer, however it got there."""
    optimizer = plan.arg(0, "optimizer")
    rate = (optimizer.kwargs.get("lr") or optimizer.arg(1)) if optimizer is not None else None
    base = rate.const if rate is not None and rate.kind == "const" and isinstance(rate.const, float) else None
    for item in (plan.attrs["factors"].items or ()) if "factors" in plan.attrs else ():
        for one in item.options():
            powers = [power for part, power in f.factors(one) if _is_rate(part, base)]
            if sum(powers) < 1 or one.kind == "const":
                continue
            at = (one.node, one.src) if one.node is not None and one.src is not None and one.line else event
            yield p.report(
                "SB139",
                at,
                f"{plan.name}'s function returns a learning rate (it multiplies with the rate of the optimizer), but "
                "it must return a factor",
                why="the scheduler multiplies the returned value with the learning rate again, so it becomes about "
                "its square and nearly nothing is learned",
                fix="Return only the factor (1.0 keeps the learning rate)",
                related=((str(event.src.path), event.line, plan.name),),
            )
            return


def _tiny_product(p: Program, event: Event, plan: Val) -> Iterator[Finding]:
    """A MultiplicativeLR that shrinks the rate twentyfold in every step."""
    if plan.name == "MultiplicativeLR" and 0 < (highest := _highest(plan)) <= 0.05:
        yield p.report(
            "SB139",
            event,
            f"MultiplicativeLR's function never exceeds {highest:.2g}: it seems to return a learning rate, but it must "
            "return a factor",
            why="the current rate is multiplied with it in every step, so it is gone after two or three of them",
            fix="Return the factor from one step to the next (0.95)",
        )


def _is_rate(part: Val, base: float | None) -> bool:
    """Whether a factor is the rate: the number that the optimizer was given, or an entry of its groups or defaults."""
    if part.kind == "const":
        return base is not None and 0 < base <= 0.5 and part.const == base
    key = part.args[1].const if part.name == "getitem" and len(part.args) > 1 else None
    return key in ("lr", "initial_lr") and any(
        v.kind == "groups" or v.name == "defaults" for v in ancestors(part, limit=8)
    )


def _factor_as_rate(p: Program) -> Iterator[Finding]:
    """``group["lr"] = factor(epoch)``: a share that starts at one is set where the rate should stand."""
    for event in p.once("setitem"):
        if not q.is_rate(event) or event.recv is None:
            continue
        held = [v.args[0] for v in ancestors(event.recv, limit=12) if v.kind == "groups" and v.args]
        rates = {r for o in held for one in o.options() if one.kind == "optimizer" for r, _ in ownership.rates(one)}
        numbers = [r for r in rates if isinstance(r, float)]
        if not numbers or len(numbers) < len(rates) or max(numbers) > 0.1:
            continue
        course = plans.course(event)
        if len(course) < 5 or abs(max(course) - 1.0) > 1e-9 or max(course[: len(course) // 3 + 1]) < 1.0:
            continue
        if course[-1] > 0.5:
            continue
        yield p.report(
            "SB139",
            event,
            f"the learning rate is set to a factor: it starts at 1.0, but the optimizer was made with "
            f"lr={max(numbers):g}",
            why="a schedule worked out as a share of the base rate must be multiplied with it, or the steps are far "
            "too large",
            fix='Multiply with the base rate: group["lr"] = base_lr * factor',
        )


def _body(func: Val | None) -> Any:
    """The function that is called: a lambda, a function, a method, or ``__call__`` of an object of the program."""
    if func is None or func.owner is None:
        return None
    if func.kind == "instance" and hasattr(func.owner, "method"):
        method = func.owner.method("__call__")
        return method.node if method is not None else None
    return func.owner.node if func.kind == "func" else None


def _returned(
    p: Program, event: Event, plan: tuple[Any, Val], results: list[Any], rate: Val | None
) -> Iterator[Finding]:
    """A rate where a factor should be: by its name, as a small number, or as the largest value at all steps."""
    made, (node, func) = event.result, plan
    for result in results:
        factor = result.left if isinstance(result, ast.BinOp) and isinstance(result.op, (ast.Mult, ast.Div)) else result
        value = factor.value if isinstance(factor, ast.Constant) else None
        named = isinstance(factor, ast.Name) and factor.id in (
            "lr",
            "base_lr",
            "learning_rate",
            "LR",
            "init_lr",
            "BASE_LR",
        )
        named = named and not _worked_out(node, syntax.text(factor))
        small = isinstance(value, float) and 0 < value <= 0.02 and isinstance(result, ast.BinOp)
        most = _highest(made) if made is not None else 0.0
        doubled = rate is not None and isinstance(rate.const, float) and 0 < rate.const < 1 and most == rate.const
        if not (named or small or doubled) or (rate is not None and rate.const == 1.0):
            continue
        yield p.report(
            "SB139",
            (result, func.src or event.src),
            "LambdaLR's function returns a learning rate, but it must return a factor",
            why="the returned value is multiplied with the optimizer's lr, so the learning rate becomes its square",
            fix="Return only the factor (1.0 keeps the learning rate)",
            related=((str(event.src.path), event.line, "LambdaLR"),),
        )
        break
    else:
        highest = _highest(made) if made is not None else 0.0
        known = rate is not None and rate.kind == "const" and isinstance(rate.const, (int, float))
        if (
            known
            and 0 < highest <= 0.05
            and not (rate is not None and isinstance(rate.const, (int, float)) and rate.const >= 0.5)
        ):
            yield p.report(
                "SB139",
                (results[0] if results else node, func.src or event.src),
                f"LambdaLR's function never exceeds {highest:.2g}: it seems to return a learning rate, but it must "
                "return a factor",
                why="the returned value is multiplied with the optimizer's lr (the base rate), so the learning "
                "rate is far too small, about its square",
                fix="Return only the factor (1.0 keeps the learning rate)",
                related=((str(event.src.path), event.line, "LambdaLR"),),
            )


_RATES = frozenset(["lr", "base_lr", "learning_rate", "init_lr", "initial_lr", "initial_learning_rate", "lr0"])


def _worked_out(node: Any, name: str) -> bool:
    """Whether the function makes a value of this name itself, out of the step alone and of no learning rate."""
    values = [n.value for n in syntax.walk(node) if isinstance(n, ast.Assign) and syntax.text(n.targets[0]) == name]
    for part in (n for v in values for n in syntax.walk(v)):
        said = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
        if (said.lower() in _RATES and said != name) or (isinstance(part, ast.Constant) and part.value in _RATES):
            return False
        if isinstance(part, ast.Constant) and isinstance(part.value, float) and 0 < part.value < 0.5:
            return False  # 0.01 * 0.5 ** (epoch // 30)
    return bool(values)


def _rounded(p: Program) -> Iterator[Finding]:
    """``group["lr"] = base * step // warmup``: the rate itself is cut to a whole number."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event):
            continue
        for val in event.args[-1].options():
            parts = [val, *(a for a in val.args if val.name == "mul")]
            cut = next((v for v in parts if v.name == "floor_divide" and v.kind in ("number", "tensor")), None)
            if cut is None or id(cut.node) in seen or cut.node is None:
                continue
            seen.add(id(cut.node))
            yield p.report(
                "SB139",
                cut,
                "integer division // in the learning rate: it is zero during the whole warm-up",
                why="// rounds down, and a learning rate below one becomes 0",
                fix="Use / instead of //",
                related=((str(event.src.path), event.line, "the learning rate is set here"),),
            )


def _highest(plan: Val) -> float:
    """The largest factor at the steps that were worked out, 0 where one is not known."""
    items = plan.attrs["factors"].items if "factors" in plan.attrs else None
    numbers = [i.const for i in items or [] if i.kind == "const" and isinstance(i.const, (int, float))]
    return float(max(numbers)) if items and len(numbers) == len(items) else 0.0


def _cuts(node: Any, results: list[Any]) -> list[ast.BinOp]:
    """Divisions ``step // warmup`` that are the factor itself: not an exponent, an index or a condition."""
    params = {a.arg for a in node.args.args}
    found = []
    stack = list(results)
    while stack:
        one = stack.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.FloorDiv):
            if any(isinstance(n, ast.Name) and n.id in params for n in syntax.walk(one.left)):
                found.append(one)
        elif isinstance(one, ast.BinOp) and isinstance(one.op, (ast.Mult, ast.Div)):
            stack += [one.left, one.right]
        elif isinstance(one, ast.IfExp):
            stack += [one.body, one.orelse]
        elif isinstance(one, ast.Call) and syntax.text(one.func).rsplit(".", 1)[-1] in ("min", "max", "float"):
            stack += one.args
    return found
