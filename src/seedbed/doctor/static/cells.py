"""Counts of a binary confusion matrix: which cell a number is, by what it counts or by its name."""

from __future__ import annotations

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.values import Val, ancestors

_GUESS = {"pred", "preds", "predicted", "prediction", "predictions", "yhat", "hat", "guess", "output", "outputs"}
_TRUTH = {
    "yte",
    "yva",
    "yval",
    "ytest",
    "yt",
    "yv",
    "y",
    "label",
    "labels",
    "target",
    "targets",
    "truth",
    "true",
    "gt",
    "ytrue",
}


def denominator(val: Val) -> str:
    """``pred``, ``true`` or ``all``: what a number of hits is divided by; ``""`` when it is no such ratio."""
    one = f.core(val)
    if one.name in ("div", "true_divide") and len(one.args) == 2:
        if not any(cell(t) == "tp" for _, t in _terms(one.args[0])):
            return ""
        bottom = f.core(one.args[1])
        if bottom.name in ("max", "maximum") and len(bottom.args) == 2:
            bottom = next((a for a in bottom.args if a.kind != "const"), bottom)
        below = [t for s, t in _terms(bottom) if s > 0 and t.kind != "const"]
        kinds = {cell(t) or _whole_side(t, one.args[0]) for t in below} - {"tp"}
        if kinds in ({"fp"}, {"pred"}):
            return "pred"
        if kinds in ({"fn"}, {"true"}):
            return "true"
        if len(below) == 1 and _all_samples(f.core(below[0]), one.args[0]):
            return "all"
    return ""


def _all_samples(total: Val, hits: Val) -> bool:
    """Whether a number is how many samples there are, of those among which the hits were counted."""
    if total.name not in ("len", "numel", "size") or not total.args or counted(hits) != "tp":
        return False
    rows = f.core(total.args[0])
    return rows.kind == "tensor" and any(f.core(v) is rows for v in ancestors(hits, limit=12))


def specific(val: Val) -> str:
    """What is wrong with a ratio that is called the specificity, ``""`` when nothing is."""
    one = f.core(val)
    if one.name not in ("div", "true_divide") or len(one.args) != 2 or cell(one.args[0]) not in ("tn", "tp"):
        return ""
    bottom = f.core(one.args[1])
    if bottom.name in ("max", "maximum") and len(bottom.args) == 2:
        bottom = next((a for a in bottom.args if a.kind != "const"), bottom)
    below = {cell(t) for s, t in _terms(bottom) if s > 0 and t.kind != "const"}
    top = cell(one.args[0])
    if top == "tn" and below == {"tn", "fn"}:
        return "it divides by all predicted negatives (tn + fn)"
    return "it is the recall, tp / (tp + fn)" if top == "tp" and below == {"tp", "fn"} else ""


def by_hand(val: Val) -> str:
    """``precision``, ``recall`` or ``F1`` when a ratio is one of them, written out."""
    kind = denominator(val)
    if kind in ("pred", "true"):
        return "precision" if kind == "pred" else "recall"
    one = f.core(val)
    if one.name in ("div", "true_divide") and len(one.args) == 2:
        top = [cell(v) for _, t in _terms(one.args[0]) for v in _product(t)]
        bottom = f.core(one.args[1])
        if bottom.name in ("max", "maximum") and len(bottom.args) == 2:
            bottom = next((a for a in bottom.args if a.kind != "const"), bottom)
        below = {cell(v) or _whole_side(v, one.args[0]) for _, t in _terms(bottom) for v in _product(t)}
        if "tp" in top and {"fp", "fn"} <= below:
            return "F1"
        if "tp" in top and below == {"pred", "true"} and _of_rows(one.args[0]):
            return "F1"
    return ""


def _whole_side(total: Val, hits: Val) -> str:
    """``true`` for the sum of the very labels that the outputs of a model were met with in a number of hits."""
    whole = f.core(total)
    if whole.name not in ("sum", "count_nonzero") or not whole.args or f.from_model(whole):
        return ""
    for both in (v for v in ancestors(hits, limit=12) if v.name in _BOTH and len(v.args) == 2):
        if any(f.same(a, whole.args[0]) and _met_with(a, b) for a, b in (both.args, both.args[::-1])):
            return "true" if _positive(whole.args[0]) else ""
    return ""


_BOTH = frozenset(["and", "mul", "logical_and", "bitwise_and"])


def _of_rows(hits: Val) -> bool:
    """Whether hits are counted over one mark for each sample, not over the points of pictures (a Dice score)."""
    marks = [v for v in ancestors(hits, limit=12) if v.name in _BOTH]
    return any(a.shape is not None and len(a.shape) == 1 for v in marks for a in v.args)


def harmonic(val: Val) -> str:
    """What is wrong with a formula of F1 from precision and recall, ``""`` when nothing is."""
    one = f.core(val)
    if one.name not in ("div", "true_divide") or len(one.args) != 2:
        return ""
    top = _product(one.args[0])
    below = [t for _, t in _terms(one.args[1]) if t.kind != "const"]
    parts = [v for v in top if v.kind != "const"]
    numbers = [v.const for v in top if v.kind == "const"]
    if len(parts) == 2 and len(below) == 2 and all(any(x is y or f.same(x, y) for y in below) for x in parts):
        return "" if numbers else "the factor 2 is missing, so it is at most 0.5"
    product = _product(one.args[1])
    if len(parts) == 2 and len(product) == 2 and all(any(x is y or f.same(x, y) for y in product) for x in parts):
        return "the product of precision and recall is divided by itself; below there must be their sum"
    sums = [t for _, t in _terms(one.args[0])]
    rates = [t for t in sums if set(words(t.var)) & {"precision", "recall", "prec", "rec"}]
    if len(sums) == 2 and len(rates) == 2 and one.args[1].const in (2, 2.0):
        return "it is the plain mean of precision and recall"
    return ""


def _product(val: Val) -> list[Val]:
    """The factors of a product, quotients left whole."""
    one = f.core(val)
    if one.name in ("clamp", "clamp_min", "clip") and one.args:
        return _product(one.args[0])
    if one.name == "mul" and len(one.args) == 2:
        return [v for a in one.args for v in _product(a)]
    return [_named(val)]


def _terms(val: Val, sign: int = 1, depth: int = 0) -> list[tuple[int, Val]]:
    """The terms of a sum with their signs, each under the name that it has."""
    one = f.core(val)
    if depth < 10 and one.name in ("add", "sub") and len(one.args) == 2:
        other = sign if one.name == "add" else -sign
        return _terms(one.args[0], sign, depth + 1) + _terms(one.args[1], other, depth + 1)
    if one.name in ("clamp", "clamp_min", "clip", "maximum") and one.args:
        return _terms(one.args[0], sign, depth + 1)
    return [(sign, _named(val))]


def _named(val: Val) -> Val:
    """A count as it is named: of ``tp = int((a & b).sum())`` the number, not the sum inside."""
    return val if val.var and val.kind != "phi" else f.core(val)


def cell(val: Val) -> str:
    """``tp``, ``fp``, ``fn``, ``tn``, all predicted positives (``pred``), all positives (``true``), or ``""``."""
    one = f.core(val)
    for named in (val, one):
        short = [w for w in words(named.var) if w in ("tp", "fp", "fn", "tn")]
        if len(short) == 1:
            return short[0]
        whole = "_".join(words(named.var))
        if whole in _WHOLE:
            return _WHOLE[whole]
    return counted(val)


_WHOLE = {
    f"{sign}_{side}": f"{sign[0]}{side[0]}"
    for sign in ("true", "false")
    for side in ("pos", "neg", "positive", "negative", "positives", "negatives")
}


def counted(val: Val) -> str:
    """The same from the formula alone, whatever the number is called."""
    one = f.core(val)
    if one.name in ("diag", "diagonal", "np_diag") and one.args:
        return "tp" if _rows(one.args[0]) is not None else ""
    if one.name not in ("sum", "count_nonzero") or not one.args:
        return ""
    rows = _rows(one.args[0])
    if rows is not None:
        return _of_axis(one, rows)
    inner = f.core(one.args[0])
    if inner.name in _BOTH and len(inner.args) == 2:
        sides = [_side(a) or _met_with(a, b) for a, b in (inner.args, inner.args[::-1])]
        marks = {side: _positive(a) for side, a in zip(sides, inner.args, strict=True)}
        if set(marks) != {"pred", "true"}:
            return ""
        table = {(True, True): "tp", (True, False): "fp", (False, True): "fn", (False, False): "tn"}
        if marks["pred"] is None or marks["true"] is None:
            return ""
        return table[(marks["pred"], marks["true"])]
    side = _side(inner)
    return side if side and _positive(inner) else ""


def _met_with(val: Val, other: Val) -> str:
    """``true`` for a mark without a telling name that meets the guesses of a model; where it picks rows, ``""``."""
    agreed = [v for v in ancestors(other, limit=8) if v.name in ("compare", "eq") and len(v.args) > 1]
    if any(v.args[1].kind == "tensor" for v in agreed) or not f.from_model(other) or f.from_model(val):
        return ""  # right guesses among some rows: (pred == y) & mask
    return "" if f.said(val) & {"mask", "valid", "pad", "padding", "keep", "attention", "group"} else "true"


_TABLES = frozenset(["bincount", "histogram2d", "confusion_matrix", "crosstab", "scatter_add", "index_add"])


def _rows(val: Val) -> str | None:
    """What the rows of a confusion matrix are: ``pred``, ``true``, ``""`` when unknown; ``None`` for no matrix."""
    found: list[str] = []
    stack, seen = [val], set[int]()
    while stack and len(seen) < 40:
        one = f.core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "phi" or one.name in ("add", "Add", "add_", "running"):
            stack.extend(one.args)
        elif one.name in _TABLES:
            found.append(_counted_pairs(one))
    return found[0] if found and len(set(found)) == 1 else "" if found else None


def _counted_pairs(table: Val) -> str:
    """The rows of ``bincount(classes * rows + columns)`` and of ``confusion_matrix(rows, columns)``."""
    row = column = None
    if table.name == "confusion_matrix" and len(table.args) >= 2:
        row, column = table.args[:2]
    inner = f.core(table.args[0]) if table.name == "bincount" and table.args else None
    for first, second in (inner.args, inner.args[::-1]) if inner is not None and len(inner.args) == 2 else ():
        scaled = f.core(first)
        if inner is not None and inner.name == "add" and scaled.name == "mul" and len(scaled.args) == 2:
            by = [a for a in scaled.args if a.kind in ("const", "number")]
            if len(by) == 1:
                row, column = next(a for a in scaled.args if a is not by[0]), second
    if row is None or column is None or f.from_model(row) == f.from_model(column):
        return ""
    return "pred" if f.from_model(row) else "true"


def _of_axis(total: Val, rows: str) -> str:
    """What the sums of a confusion matrix along one axis count."""
    axis = total.arg(1, "dim") or total.kwargs.get("axis")
    if axis is None or axis.const not in (0, 1, -1, -2) or not rows:
        return ""
    other = "true" if rows == "pred" else "pred"
    return rows if axis.const in (1, -1) else other


def _side(val: Val) -> str:
    """Whether a mark is of the predictions or of the truth."""
    names = set(words(val.var)) | f.said(val)
    one = f.core(val)
    less = f.complement(one)
    if less is not None:
        return _side(less)
    for inner in (one, *(f.core(a) for a in one.args[:1])):
        names |= set(words(inner.var))
    if f.from_model(val):
        return "pred"
    if names & _GUESS:
        return "pred"
    return "true" if names & _TRUTH else ""


def _positive(val: Val) -> bool | None:
    """Whether a mark is of positives (``x == 1``, ``x``) or of negatives (``x == 0``, ``1 - x``, ``~x``)."""
    one = f.core(val)
    less = f.complement(one)
    if less is not None or one.name in ("invert", "logical_not"):
        inner = _positive(less if less is not None else one.args[0])
        return None if inner is None else not inner
    if one.name in ("compare", "eq") and len(one.args) > 1 and one.args[1].kind == "const":
        number = one.args[1].const
        if isinstance(one.args[1].const, (int, float)) and one.args[1].const < 0:
            number = 0  # labels -1 and 1
        op = "Eq" if one.name == "eq" else next((t for t in one.tags if t in ("Eq", "NotEq", "Gt", "GtE")), "")
        if op in ("Gt", "GtE"):
            return True
        if number in (0, 1) and op in ("Eq", "NotEq"):
            return bool((number == 1) == (op == "Eq"))
        return op == "Eq" if op in ("Eq", "NotEq") and isinstance(number, int) else None
    if one.name in ("compare", "eq") and len(one.args) > 1 and one.args[1].kind != "const":
        op = "Eq" if one.name == "eq" else next((t for t in one.tags if t in ("Eq", "NotEq", "Gt", "GtE")), "")
        return op != "NotEq" if op else None  # one class after the other: x == c
    return True if one.kind in ("tensor", "unknown") else None
