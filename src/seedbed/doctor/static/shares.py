"""Numbers made from how often two classes occur, worked out for several shares of the positive class."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.counts import COUNTS
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.values import Val, ancestors

_LABELS = {"y", "label", "labels", "target", "targets", "ytrain", "ytr", "yb", "truth"}
_SHARES = (0.1, 0.3, 0.7, 0.9)
_DEEPEST = 30


@dataclass
class _Pair:
    """One number for class 0 and one for class 1; ``rows`` when every sample has the number of its class."""

    zero: float
    one: float
    rows: bool = False
    ordered: bool = True  # False: the class that occurs more often comes first
    picked: float | None = None  # how many rows are left of all


_Known = float | _Pair | None


def leaning(val: Val, truth: list[Val], pair: bool = False) -> int:
    """Whether a weight of the positive class grows (1) or falls (-1) with the share of that class, 0 when unknown.

    ``truth`` are the targets of the loss. A pair of class weights is read as the second over the first.
    """
    known, other = _targets(truth)
    sizes = [abs(v.const) for v in ancestors(val, _SCALAR, 200)
             if v.kind == "const" and isinstance(v.const, (int, float)) and not isinstance(v.const, bool)]  # fmt: skip
    total = float(max([s for s in sizes if math.isfinite(s)], default=0))
    total = total if total > 20 else 1000.0
    found: list[float] = []
    for share in _SHARES:
        try:
            made = _Reader(total * (1 - share), total * share, known, other).read(val)
            if pair:
                plain = isinstance(made, _Pair) and not made.rows and made.ordered and made.picked is None
                made = made.one / made.zero if isinstance(made, _Pair) and plain else None
        except (ArithmeticError, ValueError):
            return 0
        if not isinstance(made, (int, float)):
            return 0
        found.append(made)
    up = all(a <= b + 1e-9 for a, b in itertools.pairwise(found))
    down = all(a >= b - 1e-9 for a, b in itertools.pairwise(found))
    return 0 if up == down else 1 if up else -1


def source(val: Val) -> Val:
    """What really makes a weight: types, devices and lists of one item are seen through."""
    for _ in range(_DEEPEST):
        one = val.items[0] if val.items and len(val.items) == 1 else val.args[0] if val.args else None
        if one is None or (val.name not in _PASS and val.kind not in ("list", "tuple")) or not one.line:
            return val
        val = one
    return val


def _targets(truth: list[Val]) -> tuple[set[object], set[object]]:
    """What is the same as the targets, and what they are decided from, in which 1 may stand for the other class."""
    known: set[object] = set()
    other: set[object] = set()
    stack = list(truth)
    while stack and len(known) < 600:
        one = stack.pop()
        if id(one) in known:
            continue
        known |= {id(one), _column(one)} - {None}
        if not _decided(one):
            stack += one.inputs()
            continue
        for val in one.inputs():
            for behind in ancestors(val, _SCALAR | {"getitem", "compare"}, 20):
                if behind.kind == "tensor" and not behind.name.startswith("read_"):
                    other |= {id(behind), _column(behind)} - {None}
    return known, other - known


def of_other(val: Val, truth: list[Val]) -> bool:
    """Whether a weight is made from what the targets are decided from, and not only from the targets."""
    known, other = _targets(truth)
    stack, seen = [val], set[int]()
    while stack and len(seen) < 80:
        one = stack.pop()
        if id(one) in seen or id(one) in known:
            continue
        seen.add(id(one))
        if id(one) in other or _column(one) in other:
            return True
        stack += one.inputs()
    return False


def _decided(val: Val) -> bool:
    """Whether it must be read what 1 stands for: ``1 - y``, ``y == 0``, ``score < 0.5``, ``where(good, 0, 1)``."""
    if f.complement(val) is not None or val.name in (
        "logical_not",
        "invert",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "where",
    ):
        return True
    if val.name != "compare" or len(val.args) < 2:
        return False
    number, marks = val.args[1].const, {0: {"NotEq", "Gt"}, 0.5: {"Gt", "GtE"}, 1: {"Eq", "GtE"}}
    return not (isinstance(number, (int, float)) and marks.get(number, set()) & val.tags)


def _column(val: Val) -> tuple[int, str] | None:
    """``frame["label"]``, wherever it is written."""
    key = val.args[1].const if val.name == "getitem" and len(val.args) > 1 else None
    return (id(val.args[0]), key) if isinstance(key, str) else None


class _Reader:
    """Reads a value for given counts of the two classes."""

    def __init__(self, negatives: float, positives: float, truth: set[object], other: set[object]) -> None:
        self.negatives, self.positives, self.truth, self.other = negatives, positives, truth, other
        self.depth = 0

    def read(self, val: Val) -> _Known:
        """The number or the pair of numbers that a value is."""
        if val.kind == "const":
            return float(val.const) if isinstance(val.const, (int, float)) else None
        if self.depth > _DEEPEST or val.kind in ("func", "class", "lib"):
            return None
        if id(val) in self.other or _column(val) in self.other:
            return None
        if id(val) in self.truth and _decided(val):
            return _Pair(0.0, 1.0, rows=True)
        self.depth += 1
        try:
            return self._made(val)
        finally:
            self.depth -= 1

    def _made(self, val: Val) -> _Known:
        if val.kind == "phi":
            options = [o for o in val.options() if not o.is_none]
            return self.read(options[0]) if len(options) == 1 else None
        if val.name in _OPERATIONS and val.args:
            return self._operation(val)
        if val.name in COUNTS or (val.name in ("shape", "size") and val.args and val.args[0].name == "groupby"):
            return self._counts(val)
        if val.name in ("getitem", "part", "get") and val.args:
            made = self._item(val)
            return self._labels(val) if made is None and val.kind == "tensor" else made
        if val.name == "comprehension" or (val.kind in ("list", "tuple") and val.items):
            return self._listed(val)
        if val.name in ("len", "size", "numel", "shape") and val.args:
            return self._length(val)
        if val.name in ("sum", "mean", "count_nonzero", "count", "nonzero", "argwhere") and val.args:
            return self._total(val)
        if val.name in ("compare", "eq", "ne", "gt", "lt") and len(val.args) > 1:
            return self._compared(val)
        if val.name in _PASS and val.args:
            passed = self.read(val.args[0])
            if isinstance(passed, _Pair) and not passed.ordered and val.name == "sort_index":
                return _Pair(passed.zero, passed.one)
            return passed if passed is not None or val.kind != "tensor" else self._labels(val)
        return self._labels(val)

    def _labels(self, val: Val) -> _Known:
        """0/1 labels: the targets of the loss, or what is called so."""
        known = (
            id(val) in self.truth
            or _column(val) in self.truth
            or bool(f.said(val) & _LABELS)
            or bool(set(words(val.var)) & _LABELS)
        )
        return _Pair(0.0, 1.0, rows=True) if known and val.kind == "tensor" else None

    def _operation(self, val: Val) -> _Known:
        parts = [self.read(a) for a in val.args[:2]]
        if any(p is None for p in parts):
            return None
        act = _OPERATIONS[val.name]
        pairs = [p for p in parts if isinstance(p, _Pair)]
        if len(val.args) == 1 and val.name not in _SINGLE:
            return None
        if not pairs:
            return act(*[p for p in parts if isinstance(p, float)])
        if len({p.rows for p in pairs}) != 1 or any(p.picked is not None or not p.ordered for p in pairs):
            return None
        zero = act(*[p.zero if isinstance(p, _Pair) else p for p in parts if p is not None])
        one = act(*[p.one if isinstance(p, _Pair) else p for p in parts if p is not None])
        return _Pair(zero, one, pairs[0].rows)

    def _counts(self, val: Val) -> _Known:
        """How often each class occurs."""
        made = self.read(val.args[0]) if val.args and val.name != "shape" else None
        if made is None and any(id(v) in self.other or _column(v) in self.other
                                for a in val.args for v in ancestors(a, _SCALAR | {"getitem"}, 12)):  # fmt: skip
            return None
        marks = (made.zero, made.one) if isinstance(made, _Pair) and made.rows else (0.0, 1.0)
        if marks not in ((0.0, 1.0), (1.0, 0.0)):
            return None
        parts = (self.negatives, self.positives) if marks[1] else (self.positives, self.negatives)
        if (norm := val.kwargs.get("normalize")) is not None and norm.const:
            parts = (parts[0] / sum(parts), parts[1] / sum(parts))
        return _Pair(*parts, ordered=val.name not in ("value_counts", "Counter"))

    def _item(self, val: Val) -> _Known:
        """One of two counts, a part of ``unique(..., return_counts=True)``, or the rows that a mask keeps."""
        of, key = val.args[0], val.args[1] if len(val.args) > 1 else None
        place = val.place if val.name == "part" else key.const if key is not None else None
        if of.name == "unique":
            flags = [v for k, v in of.kwargs.items() if k.startswith("return_") and v.const]
            counted = len(of.args) == 1 and "return_counts" in of.kwargs and place in (len(flags), -1)
            return _Pair(self.negatives, self.positives) if counted and flags else None
        looked_up = of.name == "loc"
        made = self.read(of.args[0] if looked_up and of.args else of)
        if key is not None and key.kind == "tensor":
            mask = self.read(key)
            rows = isinstance(mask, _Pair) and mask.rows and {mask.zero, mask.one} <= {0.0, 1.0}
            return _Pair(0.0, 1.0, True, picked=self._sum(mask)) if rows and isinstance(mask, _Pair) else None
        if not isinstance(made, _Pair) or made.rows or made.picked is not None:
            return None
        if key is not None and key.kind == "slice":
            bounds = [a.const for a in key.args]
            place = {(1, None): 1, (None, 1): 0}.get((bounds[0], bounds[1])) if len(bounds) > 1 else None
        by_label = looked_up or of.name in ("value_counts", "Counter", "to_dict", "dict")
        if not made.ordered and (val.name == "part" or not by_label or place == -1):
            return None
        return made.one if place in (1, -1) and place is not None else made.zero if place == 0 else None

    def _listed(self, val: Val) -> _Known:
        """``[a, b]``, or one number for each of the two counts or rows."""
        items = val.items or []
        if val.name != "comprehension":
            made = [self.read(i) for i in items] if not val.tags & {"each", "grown", "repeat"} else []
            if len(made) == 2 and isinstance(made[0], float) and isinstance(made[1], float):
                return _Pair(made[0], made[1])
            return made[0] if len(made) == 1 else None
        rows = self.read(val.args[0]) if len(val.args) == 1 else None
        if not isinstance(rows, _Pair) or not rows.ordered or rows.picked is not None or len(items) != 1:
            return None
        kept = _kept(val.node)
        if kept is not None and rows.rows:
            hits = (self.negatives if kept(rows.zero) else 0.0) + (self.positives if kept(rows.one) else 0.0)
            return _Pair(1.0, 1.0, True, picked=hits) if items[0].const == 1 or items[0].name == "element" else None
        made_of = self.read(items[0])
        same = isinstance(made_of, _Pair) and made_of.rows == rows.rows
        return made_of if same and not getattr(val.node, "generators", [])[0].ifs else None

    def _sum(self, rows: _Pair) -> float:
        return rows.zero * self.negatives + rows.one * self.positives

    def _length(self, val: Val) -> _Known:
        if val.place is not None and val.args[0].args and val.args[0].args[0].name == "groupby":
            sizes = self.read(val.args[0])  # one group for each class
            return (sizes.zero, sizes.one)[val.place] if isinstance(sizes, _Pair) and val.place in (0, 1) else None
        made = self.read(val.args[0]) if val.place in (None, 0) else None
        if isinstance(made, _Pair) and made.rows:
            return made.picked if made.picked is not None else self.negatives + self.positives
        if isinstance(made, float) and val.args[0].name in ("shape", "nonzero", "argwhere"):
            return made
        return None

    def _total(self, val: Val) -> _Known:
        """``sum``, ``mean``, ``count``: of rows or of the two classes."""
        made = self.read(val.args[0])
        if val.name == "count":
            one = val.args[1].const if len(val.args) > 1 else None
            counted = isinstance(made, _Pair) and made.rows and isinstance(one, (int, float))
            if not counted or not isinstance(made, _Pair):
                return None
            return (self.negatives if made.zero == one else 0.0) + (self.positives if made.one == one else 0.0)
        if not isinstance(made, _Pair):
            return None
        if made.picked is not None:
            return made.picked if val.name == "sum" and made.zero == 1.0 else None
        if not made.rows:
            return made.zero + made.one if val.name == "sum" else None
        return self._sum(made) / (self.negatives + self.positives if val.name == "mean" else 1.0)

    def _compared(self, val: Val) -> _Known:
        rows, bound = self.read(val.args[0]), self.read(val.args[1])
        name = {"eq": "Eq", "ne": "NotEq", "gt": "Gt", "lt": "Lt"}.get(val.name, "")
        name = name or next((t for t in val.tags if t in _TESTS), "")
        if not isinstance(rows, _Pair) or not rows.rows or not isinstance(bound, float) or not name:
            return self._labels(val) if name in ("Gt", "GtE") or id(val) in self.truth else None
        test = _TESTS[name]
        return _Pair(float(test(rows.zero, bound)), float(test(rows.one, bound)), rows=True)


def _kept(node: ast.AST | None) -> Callable[[float], bool] | None:
    """The test of ``... for v in labels if v == 1``."""
    gens = getattr(node, "generators", [])
    tests = gens[0].ifs if len(gens) == 1 else []
    if len(tests) != 1 or not isinstance(gens[0].target, ast.Name):
        return None
    test, name = tests[0], gens[0].target.id
    if isinstance(test, ast.Name) and test.id == name:
        return bool
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.comparators[0], ast.Constant):
        return None
    found, bound = _TESTS.get(type(test.ops[0]).__name__), test.comparators[0].value
    if (
        found is None
        or not isinstance(bound, (int, float))
        or not isinstance(test.left, ast.Name)
        or test.left.id != name
    ):
        return None
    kept, against = found, float(bound)
    return lambda number: kept(number, against)


_TESTS: dict[str, Callable[[float, float], bool]] = {
    "Eq": lambda a, b: a == b,
    "NotEq": lambda a, b: a != b,
    "Gt": lambda a, b: a > b,
    "Lt": lambda a, b: a < b,
    "GtE": lambda a, b: a >= b,
    "LtE": lambda a, b: a <= b,
}
_SINGLE: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "log": math.log,
    "log1p": math.log1p,
    "exp": math.exp,
    "reciprocal": lambda a: 1 / a,
    "logit": lambda a: math.log(a / (1 - a)),
    "neg": lambda a: -a,
}
_OPERATIONS: dict[str, Callable[..., float]] = {
    **_SINGLE,
    "div": lambda a, b: a / b,
    "true_divide": lambda a, b: a / b,
    "divide": lambda a, b: a / b,
    "mul": lambda a, b: a * b,
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "subtract": lambda a, b: a - b,
    "rsub": lambda a, b: b - a,
    "pow": lambda a, b: a**b,
    "power": lambda a, b: a**b,
    "max": max,
    "maximum": max,
}
_PASS = frozenset(
    ["float", "to", "tensor", "double", "half", "unsqueeze", "squeeze", "reshape", "view", "as_tensor", "from_numpy",
     "astype", "sort_index", "to_numpy", "FloatTensor", "Tensor", "cuda", "cpu", "values", "asarray", "array", "item",
     "numpy", "tolist", "to_list", "list", "long", "int", "float_builtin", "int_builtin", "detach", "clone", "ravel",
     "flatten", "clamp", "clip", "clamp_min", "to_dict", "type", "bool", "round", "requires_grad_",
     "element"]
)  # fmt: skip
_SCALAR = _PASS | frozenset(_OPERATIONS)
