"""Precision, recall or F1 by hand have the wrong denominator.

## What it does

Finds values named precision and recall whose denominators are exchanged, an F1 without the factor 2 or as the plain
mean of both, and cells of a confusion matrix that are unpacked in the wrong order.

## Why is this bad

Precision divides by what was predicted positive, recall by what is positive. Exchanged, both numbers look
reasonable and lead to the wrong threshold.

## Example

```python
pred, truth = torch.randint(0, 2, (50,)), torch.randint(0, 2, (50,))
tp = ((pred == 1) & (truth == 1)).sum()
fp = ((pred == 1) & (truth == 0)).sum()
fn = ((pred == 0) & (truth == 1)).sum()
precision = tp / (tp + fn)
recall = tp / (tp + fp)
```

## Use instead

```python
pred, truth = torch.randint(0, 2, (50,)), torch.randint(0, 2, (50,))
tp = ((pred == 1) & (truth == 1)).sum()
fp = ((pred == 1) & (truth == 0)).sum()
fn = ((pred == 0) & (truth == 1)).sum()
precision = tp / (tp + fp)
recall = tp / (tp + fn)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import measures, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.cells import denominator, harmonic, specific
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_RIGHT = {
    **dict.fromkeys(("precision", "prec", "ppv"), "pred"),
    **dict.fromkeys(("recall", "rec", "sensitivity", "sens", "tpr"), "true"),
}
_SPECIFIC = frozenset(["specificity", "spec", "tnr"])
_ORDERS = {"tn", "fp", "fn", "tp"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for name, val, _ in measures.named_values(p) if p.made("div", "true_divide") else ():
        found = {*words(name), name.lower()}
        asked = {_RIGHT[w] for w in found if w in _RIGHT}
        if found & _SPECIFIC and (said := specific(val)) and id(val.node) not in seen:
            seen.add(id(val.node))
            yield p.report(
                "SB336",
                val,
                f"the specificity is wrong: {said}",
                why="specificity is the share of the negatives that are recognised: tn / (tn + fp)",
                fix="Use tn / (tn + fp)",
            )
        if not asked and not found & {"f1", "fscore"} and not {"f", "1"} <= found:
            continue
        for one in val.options():
            if id(one.node) in seen or one.kind not in ("tensor", "number", "unknown"):
                continue
            kind = denominator(one) if len(asked) == 1 else ""
            if kind and kind not in asked:
                seen.add(id(one.node))
                if kind == "all":
                    yield _of_all(p, one, name, min(asked))
                    continue
                wrong = "all positives" if kind == "true" else "all predicted positives"
                yield p.report(
                    "SB336",
                    one,
                    f"precision and recall are swapped: {name} divides by the number of {wrong}",
                    why="precision is tp / (tp + fp), over what is predicted positive; recall is tp / (tp + fn)",
                    fix="Exchange the denominators: precision = tp / (tp + fp), recall = tp / (tp + fn)",
                )
            elif found & {"f1", "fscore"} or {"f", "1"} <= found:
                said = harmonic(one)
                if said:
                    seen.add(id(one.node))
                    yield p.report(
                        "SB336",
                        one,
                        f"the F1 score is wrong: {said}",
                        why="F1 is the harmonic mean of precision and recall, between 0 and 1",
                        fix="Use 2 * precision * recall / (precision + recall)",
                    )
    yield from _unpacked(p)


def _of_all(p: Program, ratio: Val, name: str, side: str) -> Finding:
    """Hits that are divided by the number of all samples."""
    below = "true positives plus the false positives" if side == "pred" else "true positives plus the false negatives"
    return p.report(
        "SB336",
        ratio,
        f"{name} divides the hits by the number of all samples: that is neither precision nor recall",
        why=f"the true negatives are counted below, so it is far too small; below there must be the {below}",
        fix="Divide by "
        + ("what is predicted positive: (pred == c).sum()" if side == "pred" else "what is positive: (y == c).sum()"),
    )


_ORDERED = {
    "precision_recall_fscore_support": ("precision", "recall", "f1", "support"),
    "precision_recall_curve": ("precision", "recall", "thresholds"),
    "roc_curve": ("fpr", "tpr", "thresholds"),
}
_SHORT = {"p": "precision", "prec": "precision", "r": "recall", "rec": "recall", "f": "f1", "fscore": "f1"}


def _unordered(node: ast.Assign, target: ast.expr) -> str:
    """The order in which a function of scikit-learn returns, when two of the names that it goes to are exchanged."""
    func = syntax.text(node.value.func).rsplit(".", 1)[-1] if isinstance(node.value, ast.Call) else ""
    if func not in _ORDERED or not isinstance(target, ast.Tuple):
        return ""
    for place, element in enumerate(target.elts[:2]):
        said = {_SHORT.get(w, w) for w in words(syntax.text(element).rsplit(".", 1)[-1])}
        if said & set(_ORDERED[func]) == {_ORDERED[func][1 - place]}:
            return ", ".join(_ORDERED[func])
    return ""


def _unpacked(p: Program) -> Iterator[Finding]:
    """``tp, fp, fn, tn = confusion_matrix(...).ravel()``."""
    for node in q.nodes(p, ast.Assign) if p.source.mentions(*_ORDERED, "confusion_matrix") else ():
        target = node.targets[0]
        said = _unordered(node, target)
        if said:
            yield p.report(
                "SB336",
                (node, p.source),
                f"precision and recall are swapped in the unpacking: the function returns {said}",
                why="each number is printed under the other's name",
                fix=f"Unpack them in the order {said}",
            )
        if not isinstance(target, ast.Tuple) or "confusion_matrix" not in syntax.text(node.value):
            continue
        names = [syntax.text(e).lower().split("_")[-1].split(".")[-1] for e in target.elts]
        if set(names) == _ORDERS and names != ["tn", "fp", "fn", "tp"] and "labels" not in syntax.text(node.value):
            yield p.report(
                "SB336",
                (node, p.source),
                f"the confusion matrix is unpacked as {', '.join(names)}, but its order is tn, fp, fn, tp",
                why="precision and recall are computed from the wrong cells",
                fix="Write tn, fp, fn, tp = confusion_matrix(y_true, y_pred).ravel()",
            )
