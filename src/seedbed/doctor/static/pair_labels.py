"""What the label of a pair says: whether it is high for pairs of one class or for pairs of different classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.labels import side
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_CARRY = frozenset(["batch", "element", "tensor", "as_tensor", "from_numpy", "array", "FloatTensor", "float_builtin",
                    "int_builtin", "bool", "np_float32", "float32", "astype", "to", "part"])  # fmt: skip
_LABELS = frozenset(["y", "label", "labels", "class", "classes", "cls", "target", "targets", "c", "lab", "id", "ids"])
_DISTANCES = frozenset(["pairwise_distance", "PairwiseDistance", "cdist", "norm", "dist"])
_COSINES = frozenset(["cosine_similarity", "CosineSimilarity"])
_HINGES = frozenset(["relu", "clamp", "clamp_min", "clip", "maximum", "max"])


def meaning(p: Program, val: Val, depth: int = 0) -> tuple[int, Val] | None:
    """1 when a label is high for equal classes, -1 when it is high for different ones; and the comparison."""
    one = f.core(val)
    if depth > 16:
        return None
    if one.name in ("compare", "eq", "ne") and len(one.args) == 2:
        sign = 1 if "Eq" in one.tags or one.name == "eq" else -1 if "NotEq" in one.tags or one.name == "ne" else 0
        return (sign, one) if sign and _of_two_rows(*one.args) else _flag(p, one)
    if one.kind == "phi":
        return _chosen(p, one)
    inner, sign = _under(one)
    found = meaning(p, inner, depth + 1) if inner is not None and not inner.grad else None
    return None if found is None else (sign * found[0], found[1])


def _under(one: Val) -> tuple[Val | None, int]:
    """What an affine step is made from, and whether it turns high into low."""
    left = one.args[0] if one.args else None
    right = one.args[1] if len(one.args) > 1 else None
    if one.name in _CARRY or one.name in f._WRAP:
        inner = left.items[0] if left is not None and left.kind == "list" and left.items else left
        return inner, 1
    if one.name in ("neg", "invert", "logical_not"):
        return left, -1
    if one.name == "where" and len(one.args) == 3:
        high, low = _number(one.args[1]), _number(one.args[2])
        return (left, 0) if high is None or low is None or high == low else (left, 1 if high > low else -1)
    if left is None or right is None or one.name not in ("add", "sub", "rsub", "mul"):
        return None, 0
    a, b = _number(left), _number(right)
    if (a is None) == (b is None):
        return None, 0
    inner, number = (right, a) if b is None else (left, b)
    if one.name == "mul":
        return inner, 1 if (number or 0) > 0 else -1
    turned = one.name != "add" and ((one.name == "sub") == (b is None))
    return inner, -1 if turned else 1


def _number(val: Val) -> float | None:
    val = f.core(val)
    if val.name in ("tensor", "ones_like", "ones") and val.args and not isinstance(val.const, (int, float)):
        return 1.0 if val.name.startswith("ones") else _number(val.args[0]) if val.args[0].kind == "const" else None
    return float(val.const) if val.kind == "const" and isinstance(val.const, (int, float)) else None


def _of_two_rows(a: Val, b: Val) -> bool:
    """Whether the labels of two samples are compared."""
    a, b = f.core(a), f.core(b)
    if a.kind == "const" or b.kind == "const" or a is b or a.grad or b.grad:
        return False
    if any(v.owner is not None and v.kind == "tensor" for x in (a, b) for v in ancestors(x, limit=60)):
        return False  # a prediction
    if a.name == b.name == "getitem" and f.core(a.args[0]) is f.core(b.args[0]):
        return True
    said = [set(words(v.var.rstrip("0123456789"))) | _of_row(v) for v in (a, b)]
    return bool(lineage.roots(a) & lineage.roots(b)) or all(s & _LABELS for s in said)


def _of_row(val: Val) -> set[str]:
    return set(words(val.args[0].var)) if val.name == "getitem" and val.args else set()


def _chosen(p: Program, phi: Val) -> tuple[int, Val] | None:
    """``1 if a == b else 0``, or the same in an if statement."""
    options = list(phi.options())
    if len(options) != 2 or any(o.kind != "const" or not isinstance(o.const, (int, float)) for o in options):
        return None
    if options[0].const == options[1].const:
        return None
    high = max(options, key=lambda o: o.const)
    low = min(options, key=lambda o: o.const)
    for node in q.nodes(p, ast.IfExp, ast.If):
        sides = [node.body, node.orelse] if isinstance(node, ast.If) else [[node.body], [node.orelse]]
        held = [{id(n) for s in side for n in syntax.walk(s)} for side in sides]
        where = [i for i in (0, 1) if id(high.node) in held[i] and id(low.node) in held[1 - i]]
        sign = _equality(node.test) if where else 0
        if where and not sign and isinstance(node, ast.If):
            sign = _drawn(node)
        if sign:
            return (sign if where[0] == 0 else -sign), high
    return None


def _flag(p: Program, one: Val) -> tuple[int, Val] | None:
    """``same = random() < 0.5`` that decides from which class the second sample is drawn."""
    for node in q.nodes(p, ast.If) if one.var else ():
        if isinstance(node.test, ast.Name) and node.test.id == one.var and (sign := _drawn(node)):
            return sign, one
    return None


def _drawn(node: ast.If) -> int:
    """1 when the first branch draws a sample of the same class and the second one of another, -1 the other way."""
    first, second = (_drawn_alike(side) for side in (node.body, node.orelse))
    if first and second:
        return first if first == -second else 0
    return first or -second


def _drawn_alike(body: list[ast.stmt]) -> int:
    """Whether statements look for an equal label (1) or another one (-1)."""
    found: set[int] = set()
    for node in (n for s in body for n in syntax.walk(s)):
        for test in [node.test] if isinstance(node, (ast.While, ast.If)) else getattr(node, "ifs", []):
            if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Eq, ast.NotEq)):
                sides = [test.left, test.comparators[0]]
                names = [n for s in sides for n in syntax.walk(s) if isinstance(n, (ast.Name, ast.Attribute))]
                said = {w for n in names for w in _said(n)}
                plain = {w for s in sides if isinstance(s, ast.Name) for w in _said(s)}
                if said & _LABELS and not plain & {"i", "j", "idx", "index"}:
                    sign = 1 if isinstance(test.ops[0], ast.Eq) else -1
                    found.add(-sign if isinstance(node, ast.While) else sign)
    return found.pop() if len(found) == 1 else 0


def _equality(test: ast.expr) -> int:
    """Whether a condition says that two labels are equal (1) or differ (-1)."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return -_equality(test.operand)
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return 0
    left, right = test.left, test.comparators[0]
    said = [
        {w for n in syntax.walk(side) if isinstance(n, (ast.Name, ast.Attribute)) for w in _said(n)}
        for side in (left, right)
    ]
    if isinstance(left, ast.Constant) or isinstance(right, ast.Constant) or not all(s & _LABELS for s in said):
        return 0
    return 1 if isinstance(test.ops[0], ast.Eq) else -1 if isinstance(test.ops[0], ast.NotEq) else 0


def _said(node: ast.Name | ast.Attribute) -> list[str]:
    name = node.id if isinstance(node, ast.Name) else node.attr
    return list(words(name.rstrip("0123456789")))


def pull(val: Val, depth: int = 0) -> int:
    """1 when a term is small for near pairs (it pulls), -1 when it is small for far ones (it pushes), else 0."""
    one = f.core(val)
    if depth > 10 or not one.grad:
        return 0
    if one.name in _COSINES:
        return -1
    if one.name in _DISTANCES or _squared_gap(one):
        return 1
    if one.name in ("pow", "square", "sqrt", "mean", "sum", "scaled", *_HINGES) and one.args:
        return pull(one.args[0], depth + 1)
    if one.name in ("add", "sub", "mul", "div") and len(one.args) == 2:
        left, right = one.args
        if left.grad == right.grad or (one.name == "div" and right.grad):
            return 0
        inner = left if left.grad else right
        sign = -1 if one.name == "sub" and inner is right else 1
        if one.name in ("mul", "div"):
            number = _number(right if left.grad else left)
            sign = 0 if number is None else 1 if number > 0 else -1
        return sign * pull(inner, depth + 1)
    return 0


def _squared_gap(one: Val) -> bool:
    """``(a - b).pow(2).sum(1)`` of two things that a model made."""
    if one.name not in ("sum", "mean") or not one.args:
        return False
    square = f.core(one.args[0])
    gap = f.core(square.args[0]) if square.name in ("pow", "square", "abs", "mul") and square.args else square
    return square is not gap and gap.name == "sub" and len(gap.args) == 2 and all(a.grad for a in gap.args)


def weighted(root: Val) -> Iterator[tuple[int, Val, Val, Val]]:
    """Terms of a loss that are a weight times something trained: the sign of the term, it, the weight, the rest."""
    stack, seen = [(1, root)], set[int]()
    while stack and len(seen) < 200:
        sign, val = stack.pop()
        one = f.core(val)
        if id(one) in seen or not one.grad:
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack += [(sign, o) for o in one.options()]
        elif one.name in ("add", "sub") and len(one.args) == 2:
            stack += [(sign, one.args[0]), (sign if one.name == "add" else -sign, one.args[1])]
        elif one.name == "neg" or one.name in ("mean", "sum", "scaled", "nanmean"):
            items = one.args[0].items if one.args and one.args[0].kind == "list" else None
            stack += [(-sign if one.name == "neg" else sign, v) for v in items or one.args[:1]]
        elif one.name == "div" and len(one.args) == 2 and not one.args[1].grad:
            stack.append((sign, one.args[0]))
        elif one.name in ("mul", "multiply") and len(one.args) == 2:
            numbers = [_number(a) for a in one.args]
            given = next((n for n in numbers if n is not None), None)
            if given is not None:
                stack.append((sign if given > 0 else -sign, one.args[0 if numbers[0] is None else 1]))
                continue
            parts = [v for v, power in f.factors(one) if power > 0 and _number(v) is None]
            if len(parts) == 2 and parts[0].grad != parts[1].grad:
                weight, rest = parts if parts[1].grad else parts[::-1]
                yield sign, one, weight, rest


def ranked(first: Val, second: Val, target: Val) -> bool:
    """Whether a margin ranking loss wants the far side of a triplet nearer than the near side."""
    sign = _sign(target)
    sides = (side(first), side(second))
    if not sign or set(sides) != {"pos", "neg"}:
        return False
    ways = {pull(first), pull(second)}
    scored = {w for v in (first, second) for w in words(v.var)} & {
        "score",
        "scores",
        "sim",
        "cos",
        "logit",
        "logits",
        "s",
    }
    if len(ways) != 1:
        return False
    way = ways.pop()
    wanted = -1 if way == 1 and not scored else 1 if way == -1 or (way == 0 and scored) else 0
    return wanted * sign * (1 if sides[0] == "pos" else -1) == -1


def _sign(target: Val) -> int:
    """The sign of a target that is one number everywhere."""
    one = f.core(target)
    for _ in range(6):
        if one.kind == "const" and isinstance(one.const, (int, float)):
            return 1 if one.const > 0 else -1 if one.const < 0 else 0
        if one.name in ("ones", "ones_like", "new_ones"):
            return 1
        if one.name in ("neg", "full", "full_like") and one.args:
            inner = one.args[0] if one.name == "neg" else one.arg(1, "fill_value")
            return (-1 if one.name == "neg" else 1) * _sign(inner) if inner is not None else 0
        if one.name == "mul" and len(one.args) == 2:
            return _sign(one.args[0]) * _sign(one.args[1])
        if one.name not in ("tensor", "expand", "expand_as", "to", "repeat") or not one.args:
            return 0
        inner = one.args[0]
        one = f.core(inner.items[0] if inner.kind == "list" and inner.items and len(inner.items) == 1 else inner)
    return 0
