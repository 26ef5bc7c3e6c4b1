"""Two metrics of the same rows read one score in opposite directions.

## What it does

Finds programs that rank by `score` (ROC AUC, average precision) and decide by `score < threshold` on the same labels,
or rank by `-score` and decide by `score > threshold`; and percentiles that are given as fractions.

## Why is this bad

One of both is upside down: the AUC of a good model is near 0, or the flags mark the normal samples.

## Example

```python
from sklearn.metrics import f1_score, roc_auc_score
model = nn.Linear(4, 4)
model.eval()
with torch.no_grad():
    score = ((model(x_test) - x_test) ** 2).mean(dim=1).numpy()
print(roc_auc_score(y_test, -score), f1_score(y_test, score > 0.3))
```

## Use instead

```python
from sklearn.metrics import f1_score, roc_auc_score
model = nn.Linear(4, 4)
model.eval()
with torch.no_grad():
    score = ((model(x_test) - x_test) ** 2).mean(dim=1).numpy()
print(roc_auc_score(y_test, score), f1_score(y_test, score > 0.3))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_RANKS = ("roc_auc_score", "average_precision_score")
_DECIDES = ("f1_score", "precision_score", "recall_score", "accuracy_score", "precision_recall_fscore_support")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _fractions(p)
    yield from _by_hand(p)
    ranked = [(e, *_turned(e.args[1])) for e in p.first_calls(*_RANKS) if len(e.args) > 1]
    for event in p.first_calls(*_DECIDES) if ranked else ():
        cut = f.core(event.args[1]) if len(event.args) > 1 else None
        while cut is not None and cut.name in ("astype", "int", "long", "float") and cut.args:
            cut = f.core(cut.args[0])
        if cut is None or cut.name not in ("compare", "gt", "lt", "ge", "le") or len(cut.args) < 2:
            continue
        rises = bool(cut.tags & {"Gt", "GtE"}) or cut.name in ("gt", "ge")
        falls = bool(cut.tags & {"Lt", "LtE"}) or cut.name in ("lt", "le")
        score, sign = _turned(cut.args[0])
        for other, base, up in ranked:
            alike = base is score and f.core(other.args[0]) is f.core(event.args[0])
            if alike and rises != falls and (up == 1) != (rises == (sign == 1)):
                yield _report(p, other if up == -1 else cut, other, event)
                return


def _report(p: Program, at: Event | Val, other: Event, event: Event) -> Finding:
    return p.report(
        "SB893",
        at,
        "the score is read in two directions: the ranking (AUC) takes a high score for positive, the threshold a low "
        "one (or the other way round)",
        why="one of both is inverted, so the AUC is near 0 or the flags mark the wrong samples",
        fix="Give both the same direction: roc_auc_score(y, score) with score > threshold",
        related=((str(event.src.path), event.line, "the decision"), (str(other.src.path), other.line, "the ranking")),
    )


def _by_hand(p: Program) -> Iterator[Finding]:
    """``score[y][:, None] > score[~y]`` averaged, the AUC by hand, beside hits of ``score < threshold``."""
    for pairs in p.made("compare"):
        sides = [_picked(a) for a in pairs.args] if len(pairs.args) == 2 else []
        if len(sides) != 2 or sides[0] is None or sides[1] is None or sides[0][0] is not sides[1][0]:
            continue
        score, (left, right) = sides[0][0], (sides[0][1], sides[1][1])
        mask = left if _others(right, left) else right if _others(left, right) else None
        rises, falls = bool(pairs.tags & {"Gt", "GtE"}), bool(pairs.tags & {"Lt", "LtE"})
        if mask is None or rises == falls:
            continue
        high = rises == (mask is left)  # whether the marked ones are ranked by a high score
        for cut in (u for u in p.made("compare") if len(u.args) == 2 and f.core(u.args[0]) is score):
            above, below = bool(cut.tags & {"Gt", "GtE"}), bool(cut.tags & {"Lt", "LtE"})
            hits = [u for u in p.users(cut) if u.name in ("and", "mul", "logical_and", "bitwise_and")]
            met = any(f.core(a) is mask for u in hits for a in u.args)
            if met and above != below and above != high:
                yield p.report(
                    "SB893",
                    cut,
                    "the score is read in two directions: the ranking by hand (AUC) takes a "
                    f"{'high' if high else 'low'} score for positive, the threshold a {'low' if high else 'high'} one",
                    why="one of both is inverted, so the hits are those that the ranking puts last",
                    fix=f"Give both the same direction: score {'>' if high else '<'} threshold",
                    related=((str(pairs.src.path) if pairs.src else "", pairs.line, "the ranking"),),
                )
                return


def _picked(val: Val) -> tuple[Val, Val] | None:
    """The scores and the mask of ``score[mask]``, perhaps with a new axis."""
    one = f.core(val)
    if one.name == "getitem" and len(one.args) == 2:
        keys = one.args[1].items or [one.args[1]]
        if any(k.is_none for k in keys) and all(k.is_none or k.kind == "slice" for k in keys):
            one = f.core(one.args[0])
    if one.name != "getitem" or len(one.args) != 2 or one.args[1].dtype != "bool":
        return None
    return f.core(one.args[0]), f.core(one.args[1])


def _others(rest: Val, mask: Val) -> bool:
    """Whether a mask is that of all others."""
    return rest.name in ("invert", "logical_not") and bool(rest.args) and f.core(rest.args[0]) is mask


def _turned(val: Val) -> tuple[Val, int]:
    one = f.core(val)
    return (f.core(one.args[0]), -1) if one.name == "neg" and one.args else (one, 1)


def _fractions(p: Program) -> Iterator[Finding]:
    """``np.percentile(errors, 0.95)``: percentiles go from 0 to 100."""
    for event in p.first_calls("percentile", "nanpercentile"):
        level = event.arg(1, "q")
        if level is not None and isinstance(level.const, float) and 0.7 <= level.const < 1:
            yield p.report(
                "SB893",
                event,
                f"np.percentile takes percents from 0 to 100: {level.const:g} is nearly the minimum (no fraction)",
                why="the threshold lies below almost all values, so nearly everything is flagged",
                fix=f"Use np.percentile(values, {level.const * 100:g}) or np.quantile(values, {level.const:g})",
            )
