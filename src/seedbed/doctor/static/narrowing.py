"""What a test says of the thing that it asks about: in the branch of ``isinstance(m, nn.Linear)`` it is a Linear."""

from __future__ import annotations

import ast

from seedbed.doctor.static.builtin_calls import is_instance
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.values import Val, join, unknown

_MOST = 40


def by_type(run: Machine, test: ast.expr) -> tuple[str, Val, Val] | None:
    """The name that a test asks about, and what it is where the test holds and where it does not.

    ``None`` where the test is another one, or where some of the values that the name can have are not understood.
    """
    negated = False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, negated = test.operand, not negated
    found = _asked(test)
    if found is None:
        return None
    name, wanted, inverted = found
    val = run.scope.vars.get(name)
    if val is None:
        return None
    if val.kind in ("tensor", "phi") and not inverted and (arms := _tensor_or_not(run, val, test, wanted)) is not None:
        return (name, *(arms[::-1] if negated else arms))
    if val.kind != "phi":
        return None
    options = list(val.options())
    if len(options) > _MOST or any(o.kind != "module" for o in options):
        return None
    kind = run.eval(wanted)
    known = [is_instance(o, kind) for o in options]
    if None in known or len(set(known)) < 2:
        return None
    both: dict[bool, Val | None] = {True: None, False: None}
    for one, holds in zip(options, known, strict=True):
        arm = bool(holds) is not (negated is not inverted)
        both[arm] = join(both[arm], one)
    yes, no = both[True], both[False]
    return (name, yes, no) if yes is not None and no is not None else None


def _tensor_or_not(run: Machine, val: Val, test: ast.expr, wanted: ast.expr) -> tuple[Val, Val] | None:
    """What is left of a value where ``isinstance(value, torch.Tensor)`` holds, and where it does not."""
    options = list(val.options())
    if isinstance(wanted, ast.Tuple) or len(options) > _MOST or any(o.kind not in _PLAIN for o in options):
        return None
    kind = run.eval(wanted)
    if kind.kind != "lib" or kind.name != "torch.Tensor":
        return None
    yes: Val | None = None
    no: Val | None = None
    for one in options:
        if one.kind == "tensor":
            yes = join(yes, one)
        else:
            no = join(no, one)
    return (yes, no if no is not None else unknown("other", test, run.src)) if yes is not None else None


_PLAIN = frozenset(["tensor", "number", "const"])


def _asked(test: ast.expr) -> tuple[str, ast.expr, bool] | None:
    """``isinstance(m, C)``, ``type(m) is C`` and their opposites: the name, the class, whether it is the opposite."""
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance":
        if len(test.args) == 2 and isinstance(test.args[0], ast.Name):
            return test.args[0].id, test.args[1], False
        return None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    left, sign, right = test.left, test.ops[0], test.comparators[0]
    if not isinstance(left, ast.Call) or not isinstance(left.func, ast.Name) or left.func.id != "type":
        return None
    if len(left.args) != 1 or not isinstance(left.args[0], ast.Name):
        return None
    if isinstance(sign, (ast.Is, ast.Eq, ast.In)):
        return left.args[0].id, right, False
    return (left.args[0].id, right, True) if isinstance(sign, (ast.IsNot, ast.NotEq, ast.NotIn)) else None
