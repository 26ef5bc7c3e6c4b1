"""The backward of a custom autograd function is wrong.

## What it does

Finds a `backward` that ignores the incoming gradient, changes it in place, gives none back, a gradient reversal
that does not reverse, one that is not the derivative of a simple `forward` (tried out with numbers), and a `backward`
of an `nn.Module`, which autograd never calls.

## Why is this bad

The chain rule needs the incoming gradient. Without it every layer before the function gets a gradient of the wrong
size, sign or none at all.

## Example

```python
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return 2 * x
```

## Use instead

```python
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 2 * x
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import derivatives, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_MEANT = frozenset(("surrogate", "straight", "ste", "approximate", "approx", "smoothed", "guided", "reverse", "spike"))
_INPLACE = ("mul_", "clamp_", "masked_fill_", "neg_", "div_", "zero_", "add_", "sub_", "copy_")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        member = cls.scope.vars.get("backward") if cls.base == "autograd" else None
        if member is None or member.kind != "func" or member.owner.src is not p.source:
            continue
        node = member.owner.node
        if "mark_non_differentiable" in syntax.text(cls.node):
            continue
        names = [a.arg for a in node.args.args[1:]]
        if not names or node.args.vararg is not None:
            continue
        said = _ignored(node, names) or _in_place(node, names) or _unreversed(cls.name, node) or _other_slope(cls, node)
        if said:
            yield p.report(
                "SB536",
                (said[0], p.source),
                f"{cls.name}.backward {said[1]}",
                why=said[2],
                fix=said[3],
                severity=Severity.HINT if f"gradcheck({cls.name}.apply" in p.source.text else q.doubtful(p),
            )
    yield from _of_a_module(p)


def _of_a_module(p: Program) -> Iterator[Finding]:
    """``backward`` of an ``nn.Module`` that nobody calls: autograd knows the operations of ``forward`` only."""
    for cls in p.classes:
        scope = cls.scope.vars
        member, ahead = scope.get("backward"), scope.get("forward")
        if cls.base != "module" or cls.src is not p.source or member is None or ahead is None:
            continue
        if member.kind != "func" or ahead.kind != "func" or not _is_meant(cls, ahead.owner.node, member.owner.node):
            continue
        used = [e for e in p.all("forward") if e.recv is not None and e.recv.owner is cls and p.trained(e.result)]
        calls = q.everywhere(p, ast.Attribute)
        if not used or any(n.attr == "backward" and _is_handed(p, n) for n in calls):
            continue
        reversal = bool(set(words(cls.name)) & _REVERSAL)
        yield p.report(
            "SB536",
            (member.owner.node, p.source),
            f"{cls.name}.backward is never called: autograd does not look for a backward() in an nn.Module"
            + (", so the gradient is not reversed" if reversal else ""),
            why="the gradient is that of forward() alone, as if this method were not there"
            + ("; the layers before it help the adversary instead of working against it" if reversal else ""),
            fix=f"Write class {cls.name}(torch.autograd.Function) with static methods forward(ctx, ...) and "
            f"backward(ctx, grad), and call {cls.name}.apply(x)",
            severity=q.doubtful(p),
            related=((str(used[0].src.path), used[0].line, "used here"),),
        )


_REVERSAL = frozenset(("reversal", "reverse", "grl", "revgrad", "rev", "reversed"))
_SAME = frozenset(("view_as", "clone", "view", "contiguous", "identity", "alias"))
_STEPS = frozenset(("round", "sign", "floor", "ceil", "trunc", "heaviside"))


def _is_meant(cls: Any, ahead: Any, back: Any) -> bool:
    """Whether the method is a gradient of its own for a forward that has another one: the identity, or steps."""
    if not isinstance(ahead, ast.FunctionDef) or not isinstance(back, ast.FunctionDef):
        return False
    given, gradient = [a.arg for a in ahead.args.args[1:]], [a.arg for a in back.args.args[1:]]
    returns = [r.value for r in syntax.walk(ahead) if isinstance(r, ast.Return) and r.value is not None]
    answers = [r.value for r in syntax.walk(back) if isinstance(r, ast.Return) and r.value is not None]
    if not given or not gradient or len(returns) != 1 or not answers or "register_hook" in syntax.text(cls.node):
        return False
    if not any(isinstance(n, ast.Name) and n.id == gradient[-1] for a in answers for n in syntax.walk(a)):
        return False
    called = returns[0].func if isinstance(returns[0], ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr in _STEPS:
        return True
    made = _handed_on(returns[0])
    plain = any(isinstance(a, ast.Name) and a.id == gradient[-1] for a in answers)
    return isinstance(made, ast.Name) and made.id in given and not plain


def _handed_on(node: ast.expr) -> ast.expr:
    """What ``x.view_as(x)`` and ``torch.clone(x)`` give on."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _SAME:
        return node
    of_torch = isinstance(node.func.value, ast.Name) and node.func.value.id == "torch"
    return node.args[0] if of_torch and node.args else node.func.value


def _is_handed(p: Program, node: ast.Attribute) -> bool:
    """Whether some ``.backward`` may be this one: it is called with a gradient, or handed on without a call."""
    for call in q.everywhere(p, ast.Call):
        if call.func is node:
            return bool(call.args) and syntax.text(node.value) not in ("torch.autograd", "autograd", "accelerator")
    return True


def _ignored(node: Any, names: list[str]) -> tuple[Any, str, str, str] | None:
    """``backward`` never reads the gradient that comes in, or gives nothing back."""
    read = {n.id for n in syntax.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    returns = [n for n in syntax.walk(node) if isinstance(n, ast.Return)]
    raises = any(isinstance(n, ast.Raise) for n in syntax.walk(node))
    if not returns and raises:
        return None
    values = [v for r in returns for v in (r.value.elts if isinstance(r.value, ast.Tuple) else [r.value])]
    if not values or all(v is None or (isinstance(v, ast.Constant) and v.value is None) for v in values):
        return (
            returns[0] if returns else node,
            "returns no gradient (None): nothing before the function is trained",
            "None means that the input gets no gradient; a straight-through estimator returns the incoming gradient",
            f"Return the gradient of the input, such as {names[0]}",
        )
    if not read & set(names):
        return (
            returns[0],
            f"ignores the incoming gradient {names[0]} (grad_output): the chain rule is broken",
            "the result must be the local derivative times the gradient that comes in",
            f"Multiply by it: return {names[0]} * ...",
        )
    return None


def _other_slope(cls: Any, node: Any) -> tuple[Any, str, str, str] | None:
    """A backward that is not the derivative of the forward."""
    member = cls.scope.vars.get("forward")
    if member is None or member.kind != "func" or not isinstance(member.owner.node, ast.FunctionDef):
        return None
    told = words(cls.name) + words((ast.get_docstring(cls.node) or "").replace("-", " "))
    if not isinstance(node, ast.FunctionDef) or set(told) & _MEANT:
        return None
    found = derivatives.mismatch(member.owner.node, node)
    if found is None:
        return None
    x, said, slope = found
    return (
        [n for n in syntax.walk(node) if isinstance(n, ast.Return)][-1],
        "does not match its forward: it is not the derivative (wrong gradient)",
        f"at x = {x} the backward gives {said:.3g} times the gradient, but the slope of forward is {slope:.3g}; "
        "a term or factor is missing (product rule, chain rule)",
        "Derive it again and test it: torch.autograd.gradcheck(Function.apply, x.double())",
    )


def _in_place(node: Any, names: list[str]) -> tuple[Any, str, str, str] | None:
    """The incoming gradient is changed in place, though it may be shared."""
    fresh: set[str] = set()
    for stmt in node.body:
        for n in syntax.walk(stmt):
            if isinstance(n, ast.Assign):
                for t in n.targets:
                    if isinstance(t, ast.Name):
                        fresh.add(t.id)
            target: Any = None
            if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Subscript):
                target = n.targets[0].value
            elif isinstance(n, ast.AugAssign):
                target = n.target.value if isinstance(n.target, ast.Subscript) else n.target
            elif isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in _INPLACE:
                target = n.func.value
            if isinstance(target, ast.Name) and target.id in names and target.id not in fresh:
                return (
                    n,
                    f"changes the incoming gradient {target.id} in place",
                    "the tensor may be shared with another branch of the graph, which then gets the changed gradient",
                    f"Work on a copy: grad = {target.id}.clone()",
                )
    return None


def _unreversed(name: str, node: Any) -> tuple[Any, str, str, str] | None:
    """A gradient reversal whose backward keeps the sign."""
    found = set(words(name))
    if not found & _REVERSAL:
        return None
    if any(
        isinstance(n, ast.USub) or (isinstance(n, ast.Call) and "neg" in syntax.text(n.func)) for n in syntax.walk(node)
    ):
        return None
    returns = [n for n in syntax.walk(node) if isinstance(n, ast.Return)]
    return (
        returns[0] if returns else node,
        "does not reverse the gradient: the minus sign is missing",
        "the layers before it then help the adversary instead of working against it",
        "Return the negative: return -ctx.strength * grad_output, None",
    )
