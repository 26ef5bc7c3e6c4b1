"""Questions about hand-written and library metrics: what is compared with what, and what was collected."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_GATHER = frozenset(
    [
        "cat",
        "stack",
        "concatenate",
        "concat",
        "hstack",
        "vstack",
        "array",
        "asarray",
        "tensor",
        "as_tensor",
        "from_numpy",
        "tolist",
        "list",
        "int",
        "long",
        "astype",
        "bool",
        "ravel",
        "float_builtin",
        "int_builtin",
        "Tensor",
        "FloatTensor",
        "LongTensor",
        "hconcat",
        "sorted",
        "append",
    ]
)
RANKING = frozenset(["roc_auc_score", "average_precision_score", "roc_curve", "precision_recall_curve"])
LABELLED = frozenset(
    [
        "accuracy_score",
        "f1_score",
        "precision_score",
        "recall_score",
        "balanced_accuracy_score",
        "matthews_corrcoef",
        "jaccard_score",
        "cohen_kappa_score",
        "fbeta_score",
        "hamming_loss",
        "zero_one_loss",
    ]
)
ERRORS = frozenset(
    [
        "mean_absolute_error",
        "mean_squared_error",
        "root_mean_squared_error",
        "r2_score",
        "mean_absolute_percentage_error",
        "explained_variance_score",
        "median_absolute_error",
    ]
)


def elements(val: Val, limit: int = 80) -> list[Val]:
    """What was collected in ``val``: lists, concatenations and conversions are seen through."""
    found: list[Val] = []
    stack, seen = [val], set[int]()
    while stack and len(seen) < limit:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind == "phi":
            stack.extend(one.args)
        elif one.kind in ("list", "tuple", "iter"):
            stack.extend(one.items or (one.args[:1] if one.kind == "iter" else ()))
        elif one.name in TRANSPARENT - {"getitem"} or one.name in _GATHER or (one.name == "add" and _lists(one)):
            stack.extend(one.args if one.name in ("add", "append") else one.args[:1])
        else:
            found.append(one)
    return found


def _lists(val: Val, depth: int = 0) -> bool:
    """Whether an addition joins lists."""
    return depth < 8 and any(
        o.kind == "list" or (o.name == "add" and _lists(o, depth + 1)) for a in val.args for o in a.options()
    )


def equalities(p: Program) -> list[tuple[Event, Val, Val]]:
    """Comparisons for equality and calls of accuracy-like metrics: where, and both sides, each place once."""
    if "equalities" not in p.cache:
        p.cache["equalities"] = list(_equalities(p))
    found: list[tuple[Event, Val, Val]] = p.cache["equalities"]
    return found


def _equalities(p: Program) -> Iterator[tuple[Event, Val, Val]]:
    seen: set[int] = set()
    for event in sorted([*p.all("compare"), *p.calls(*LABELLED, "eq", "equal")], key=lambda e: e.seq):
        pair: tuple[Val, ...] = ()
        if (event.kind == "compare" and event.name == "Eq") or (
            event.kind == "call" and event.name.rsplit(".", 1)[-1] in LABELLED and len(event.args) >= 2
        ):
            pair = event.args[:2]
        elif event.kind == "call" and event.name.rsplit(".", 1)[-1] in ("eq", "equal") and event.result is not None:
            pair = event.result.args[:2] if event.name.startswith(".") else event.args[:2]
        if len(pair) == 2 and id(event.node) not in seen:
            seen.add(id(event.node))
            yield event, pair[0], pair[1]


def is_label(val: Val) -> bool:
    """Whether a value can be the labels: data, not a constant, not the output of a model."""
    if val.kind in ("const", "number") or val.grad:
        return False
    return not f.from_model(val, limit=400)


def metric_calls(p: Program, names: frozenset[str]) -> Iterator[tuple[Event, Val, Val]]:
    """Calls of scikit-learn metrics: the call, the truth and the prediction."""
    for event in p.first_calls(*names):
        if event.name.rsplit(".", 1)[-1] in names and event.name.split(".")[0] in ("sklearn", "torchmetrics"):
            truth, guess = event.arg(0, "y_true"), event.arg(1, "y_score") or event.kwargs.get("y_pred")
            if truth is not None and guess is not None:
                yield event, truth, guess


def batches_of(val: Val) -> list[Val]:
    """The batches that a value was made from."""
    return [
        v for v in ancestors(val, limit=600) if v.name == "batch" and len(v.args) > 1 and v.args[1].kind == "loader"
    ]


def named_values(p: Program) -> list[tuple[str, Val, Event]]:
    """Values with the names that they are assigned to or returned as (the name of the function), or printed."""
    if "named" not in p.cache:
        p.cache["named"] = list(_named_values(p))
    found: list[tuple[str, Val, Event]] = p.cache["named"]
    return found


def _labelled(text: Val) -> Iterator[tuple[str, Val]]:
    """The numbers in an f-string with the word that stands right before each: ``f"RMSE {x:.3f}"``."""
    parts = text.node.values if isinstance(text.node, ast.JoinedStr) else []
    filled = [n for n in parts if isinstance(n, ast.FormattedValue)]
    if len(filled) != len(text.args):
        return
    for before, part in pairwise(parts):
        if isinstance(part, ast.FormattedValue) and isinstance(before, ast.Constant):
            said = re.search(r"([A-Za-z][A-Za-z0-9]*)\s*[:=]?\s*$", str(before.value))
            if said is not None:
                yield said.group(1), text.args[filled.index(part)]


def _named_values(p: Program) -> Iterator[tuple[str, Val, Event]]:
    for event in p.once("call"):
        if event.name.endswith(("print", ".format")):
            yield from (("", a, event) for a in event.args if a.kind in ("tensor", "number"))
            for text in (a for a in event.args if a.name == "fstring" and isinstance(a.node, ast.JoinedStr)):
                yield from ((label, val, event) for label, val in _labelled(text))
    for event in p.all("assign", "return"):
        if event.result is None:
            continue
        if event.kind == "assign":
            yield event.name, event.result, event
        elif event.funcs:
            yield getattr(event.funcs[-1].node, "name", ""), event.result, event
