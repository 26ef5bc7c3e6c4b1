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
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _rounded(p)
    for event in p.first_makers("LambdaLR"):
        made = event.result
        if made is None or made.name != "LambdaLR" or made.kind != "scheduler":
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
