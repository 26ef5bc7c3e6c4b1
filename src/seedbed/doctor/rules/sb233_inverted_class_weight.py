"""Class weights favour the frequent class.

## What it does

Finds class weights that favour the frequent class.

## Why is this bad

Weights must grow as a class gets rarer. Counts themselves do the opposite.

## Example

```python
labels = torch.randint(0, 3, (100,))
counts = torch.bincount(labels).float()
loss_fn = nn.CrossEntropyLoss(weight=counts / counts.sum())
```

## Use instead

```python
labels = torch.randint(0, 3, (100,))
counts = torch.bincount(labels).float()
loss_fn = nn.CrossEntropyLoss(weight=counts.sum() / (3 * counts))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import counts, shares
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_POSITIVE = {"pos", "positive", "positives", "npos", "ones", "p1", "minority", "rare"}
_LABELS = {"y", "label", "labels", "target", "targets", "ytrain", "ytr", "yb", "truth"}
_NEGATIVE = {"neg", "negative", "negatives", "nneg", "zeros", "majority"}


_MEAN = ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss")
_BINARY = ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _chosen(p)
    yield from _by_hand(p)
    for event in p.first_calls(*_MEAN, *_BINARY):
        last = event.name.rsplit(".", 1)[-1]
        weight = f.class_weight(event.name, event.args, event.kwargs)
        if last in _MEAN and weight is not None:
            made_of = counts.of_counts(weight)
            counted = made_of is not None and made_of[1] > 0 and not made_of[2]
            if _is_count(weight) or counted or shares.leaning(weight, _truth(p, _MEAN), pair=True) > 0:
                yield p.report(
                    "SB233",
                    weight if weight.line else event,
                    "class weights are the class frequencies: they favour the frequent class (inverted)",
                    why="rare classes count even less than without weights",
                    fix="Use the inverse: weight = counts.sum() / (num_classes * counts)",
                )
        weight = event.kwargs.get("pos_weight")
        if last not in _BINARY or weight is None:
            continue
        way = shares.leaning(weight, _truth(p, _BINARY)) or -shares.of_other(weight, _truth(p, _BINARY))
        for val in _inside(weight) if way >= 0 else ():
            what = _ratio(val)
            if what or way > 0:
                spot = val if what else shares.source(weight)
                what = what or "larger the more positives there are"
                yield p.report(
                    "SB233",
                    spot if spot.line else event,
                    f"pos_weight is {what}: it is inverted",
                    why="pos_weight multiplies the loss of positives; for a rare class it must be larger than 1",
                    fix="Use pos_weight = negatives / positives",
                )
                break


def _by_hand(p: Program) -> Iterator[Finding]:
    """``loss * weight[target]`` in a loss of the program's own, where the weights are the frequencies."""
    seen: set[int] = set()
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name != "mul" or len(val.args) != 2:
                continue
            for loss, picked in (val.args, val.args[::-1]):
                one = f.core(picked)
                if not loss.grad or one.grad or one.name not in ("getitem", "gather", "index_select", "take"):
                    continue
                made = counts.of_counts(one)
                if made is None or made[1] < 0 or not made[2] or id(one.args[0].node) in seen:
                    continue
                if not any(v.name == "loss" for v in ancestors(loss, limit=12)):
                    continue
                seen.add(id(one.args[0].node))
                yield p.report(
                    "SB233",
                    one.args[0] if one.args[0].line else val,
                    "class weights are the class frequencies: they favour the frequent class (inverted)",
                    why="each sample is multiplied by the share of its own class, so rare classes count even less",
                    fix="Use the inverse: weight = counts.sum() / (num_classes * counts)",
                    related=(q.place(val),),
                )


def _chosen(p: Program) -> Iterator[Finding]:
    """``where(y == 1, y.mean(), 1 - y.mean())``: each class gets its own share as its weight."""
    seen: set[int] = set()
    for event in p.calls("where"):
        val = event.result
        if val is None or len(event.args) != 3 or id(event.node) in seen or not p.trained(val):
            continue
        test, yes, no = event.args
        ones = test.name == "compare" and len(test.args) > 1 and test.args[1].const in (1, 1.0, 0.5, 0)
        if not ones or no.name != "sub" or not no.args or no.args[0].const != 1:
            continue
        labels = yes.args[0] if yes.name == "mean" and yes.args else None
        other = no.args[1].args[0] if no.args[1].name == "mean" and no.args[1].args else None
        if labels is None or other is not labels or not any(v is labels for v in ancestors(test, limit=8)):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB233",
            event,
            "class weights favour the frequent class: each sample is weighted by the share of its own class",
            why="the rare class gets the small weight, so it counts even less than without weights",
            fix="Exchange them: where(y == 1, 1 - y.mean(), y.mean())",
        )


def _truth(p: Program, kinds: tuple[str, ...]) -> list[Val]:
    """The targets of the losses of some kinds."""
    losses = [v for v in p.values() if v.name == "loss" and not v.tags.isdisjoint(kinds)]
    return [v.args[1] for v in losses if len(v.args) > 1][:8]


def _inside(weight: Val) -> Iterator[Val]:
    for one in q.chain(weight):
        for val in [one, *(one.items or [])]:
            yield from q.chain(val) if val is not one else [val]


def _ratio(val: Val) -> str:
    """What an inverted ratio says, ``""`` when it is not inverted."""
    inner = f.core(val)
    if inner.name == "mean" and _counted(inner) == "pos":
        return "the share of positives"
    if inner.name != "div" or len(inner.args) != 2:
        return ""
    top, bottom = _counted(inner.args[0]), _counted(inner.args[1])
    rest, hits = _unbounded(inner.args[1]), f.core(inner.args[0])
    if rest.name == "sub" and len(rest.args) == 2 and hits.name in ("sum", "count_nonzero") and top != "neg":  # noqa: SIM102
        if f.core(rest.args[1]) is hits and _unmarked(hits):
            return "positives / negatives"
    if top == "pos" and bottom == "neg":
        return "positives / negatives"
    return "positives / all" if top == "pos" and bottom == "all" else ""


def _unbounded(val: Val) -> Val:
    """A count without the lower bound that keeps a division by it from failing."""
    one = f.core(val)
    while one.name in ("clamp", "clamp_min", "clip", "maximum", "max") and one.args and one.args[0].kind != "const":
        low = one.kwargs.get("min", one.args[1] if len(one.args) > 1 else None)
        if low is None or low.kind != "const":
            break
        one = f.core(one.args[0])
    return one


def _unmarked(hits: Val) -> bool:
    """Whether labels themselves are added up, not a comparison that may mark either class."""
    rows = f.core(hits.args[0]) if hits.args else hits
    return rows.kind == "tensor" and rows.name not in ("sub", "rsub", "invert", "compare", "eq", "logical_not")


def _counted(val: Val) -> str:
    """``pos``, ``neg`` or ``all``: what a number counts."""
    found = set(words(val.var))
    inner = f.core(val)
    found |= set(words(inner.var))
    if found & _POSITIVE and not found & _NEGATIVE:
        return "pos"
    if found & _NEGATIVE and not found & _POSITIVE:
        return "neg"
    if inner.name in ("len", "size", "numel", "shape", "getitem") and inner.kind != "tensor":
        return "all"
    if inner.name == "len":
        return "all"
    less = f.complement(inner)
    if less is not None:
        return {"pos": "neg", "neg": "pos"}.get(_counted(less), "")
    if inner.name == "sub" and len(inner.args) == 2:
        if _counted(inner.args[0]) == "all":
            return {"pos": "neg", "neg": "pos"}.get(_counted(inner.args[1]), "")
        return ""
    if inner.name in ("sum", "mean", "count_nonzero") and inner.args:
        return _side(inner.args[0])
    return ""


def _side(rows: Val) -> str:
    """Which class a 0/1 vector marks."""
    names, rows = f.said(rows), f.core(rows)
    less = f.complement(rows)
    if less is not None:
        return {"pos": "neg", "neg": "pos"}.get(_side(less), "")
    if rows.name in ("compare", "eq") and len(rows.args) >= 2:
        number = rows.args[1].const if rows.args[1].kind == "const" else None
        op = "Eq" if rows.name == "eq" else next((t for t in rows.tags if t in ("Eq", "NotEq", "Gt", "Lt", "GtE")), "")
        if number in (0, 0.0, False):
            return {"Eq": "neg", "NotEq": "pos", "Gt": "pos"}.get(op, "")
        if number in (1, 1.0, 0.5, True):
            return {"Eq": "pos", "NotEq": "neg", "Gt": "pos", "GtE": "pos", "Lt": "neg"}.get(op, "")
        return "pos" if op in ("Gt", "GtE") and names & _LABELS else ""
    if rows.kind in ("tensor", "unknown", "phi") and rows.shape != ():
        return "pos" if names & _LABELS else ""
    return ""


def _is_count(val: Val, depth: int = 0) -> bool:
    if depth > 12:
        return False
    for one in val.options():
        if one.name in ("bincount", "value_counts"):
            return True
        if one.name in ("mul", "multiply") and len(one.args) == 2:
            pair = [a for a in one.args if a.kind not in ("const", "number")]
            return len(pair) == 1 and _is_count(pair[0], depth + 1)
        if one.kind in ("list", "iter") and one.items:
            return _shares(one.items) or _per_class(one.items[0]) or _is_count(one.items[0], depth + 1)
        if one.name == "part" and one.args and one.args[0].name == "unique":
            return one.shape != () and one.args[0].kwargs.get("return_counts") is not None and "count" in one.var
        if one.name == "getitem" and one.args and one.args[0].name == "Counter":
            return True
        if one.name == "div" and len(one.args) == 2:
            top, bottom = one.args
            if top.kind == "const" and _balanced(bottom):
                return True
            return _is_count(top, depth + 1) and (
                bottom.name in ("sum", "max", "len", "number", "size", "numel", "shape")
                or bottom.kind in ("const", "number")
            )
        if one.name in _PASS and one.args:
            return _is_count(one.args[0], depth + 1)
        if one.kind == "method" and one.name in ("values", "index") and one.args:
            return _is_count(one.args[0], depth + 1)
    return False


def _shares(items: list[Val]) -> bool:
    """``[negatives / all, positives / all]``: each class is weighted by its own share."""
    if len(items) != 2:
        return False
    tops = [f.core(i).args[0] for i in items if f.core(i).name == "div"]
    return [_counted(t) for t in tops] == ["neg", "pos"]


def _per_class(val: Val) -> bool:
    """``(labels == c).sum()`` (or its share) for every class ``c``."""
    one = f.core(val)
    if (
        one.name == "div"
        and len(one.args) == 2
        and f.core(one.args[1]).name in ("len", "size", "numel", "shape", "sum")
    ):
        one = f.core(one.args[0])
    if one.name not in ("sum", "mean") or not one.args:
        return False
    mark = f.core(one.args[0])
    return mark.name == "compare" and "Eq" in mark.tags and len(mark.args) > 1 and mark.args[1].kind != "const"


def _balanced(val: Val) -> bool:
    """Whether a value is the balanced weights of scikit-learn, which are inverse counts already."""
    one = val
    for _ in range(8):
        if one.name == "compute_class_weight":
            return True
        if one.name not in _PASS or not one.args:
            return False
        one = one.args[0]
    return False


_PASS = frozenset(
    [
        "float",
        "stack",
        "to",
        "tensor",
        "sqrt",
        "double",
        "unsqueeze",
        "as_tensor",
        "from_numpy",
        "astype",
        "sort_index",
        "to_numpy",
        "FloatTensor",
        "Tensor",
        "cuda",
        "values",
        "asarray",
        "array",
    ]
)
