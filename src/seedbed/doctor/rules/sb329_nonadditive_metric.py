"""A metric that is no mean over samples is computed per batch and averaged.

## What it does

Finds ROC AUC, average precision, F1, precision, recall, R², correlation, perplexity (`exp` of the loss) and RMSE
(root of the error) that are computed in every evaluation batch and summed or collected to be averaged.

## Why is this bad

The mean of these numbers over batches is not their value over the data set: it depends on the batch size, on the
order of the samples and on which classes a batch happens to hold.

## Example

```python
from sklearn.metrics import roc_auc_score

model = nn.Linear(4, 1)
model.eval()
values = []
with torch.no_grad():
    for x, y in val_loader:
        values.append(roc_auc_score(y, model(x)))
print(sum(values) / len(values))
```

## Use instead

```python
from sklearn.metrics import roc_auc_score

model = nn.Linear(4, 1)
model.eval()
scores, labels = [], []
with torch.no_grad():
    for x, y in val_loader:
        scores.append(model(x))
        labels.append(y)
print(roc_auc_score(torch.cat(labels), torch.cat(scores)))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import cells, measures, rounds, syntax
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val

_NAMES = (
    measures.RANKING | measures.LABELLED | {"r2_score", "explained_variance_score", "root_mean_squared_error"}
) - {
    "accuracy_score",
    "hamming_loss",
    "zero_one_loss",
    "roc_curve",
    "precision_recall_curve",
}
_CORRELATIONS = frozenset(["pearsonr", "spearmanr", "kendalltau", "corrcoef"])
_SAID = {"exp": "perplexity (exp of the batch loss)", "sqrt": "RMSE (root of the batch error)"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    inner = {id(e.loops[-1].node) for e in p.all("forward") if e.loops and not e.depth}
    for event in p.all("augment", "keep"):
        if not event.loops or not event.args or (event.kind == "augment" and event.name != "Add"):
            continue
        loop = next((x for x in reversed(event.loops) if rounds.is_loader_loop(x) or id(x.node) in inner), None)
        if loop is None or any(b.inside(loop) for b in p.all("backward")):
            continue
        made = _metric(event.args[0])
        if _never_read(event):
            continue
        if made is None or id(made.node) in seen or not _in_round(p, made, event):
            continue
        if _of_one_row(made, event, loop):
            continue  # one value for each sample: their mean is one over samples
        seen.add(id(made.node))
        yield _say(p, made, event, within=loop.node)
    for made, box in _listed(p):
        if id(made.node) not in seen:
            seen.add(id(made.node))
            yield _say(p, made, box)


def _never_read(event: Event) -> bool:
    """Whether a list of the function is only filled: nobody asks for what stands in it."""
    held = event.node.func if isinstance(event.node, ast.Call) else None
    box = held.value if isinstance(held, ast.Attribute) else None
    if not isinstance(box, ast.Name) or not event.funcs or event.src is not event.funcs[-1].src:
        return False
    filled = {id(box)}
    reads = [n for n in syntax.walk(event.funcs[-1].node) if isinstance(n, ast.Name) and n.id == box.id]
    return not any(isinstance(n.ctx, ast.Load) and id(n) not in filled for n in reads)


def _say(p: Program, made: Val, at: Event | Val, within: ast.AST | None = None) -> Finding:
    what = cells.by_hand(made) or _SAID.get(made.name, made.name)
    first, last = getattr(within, "lineno", 0), getattr(within, "end_lineno", None) or 0
    formula = within is not None and at.src is made.src and bool(cells.by_hand(made)) and not first <= made.line <= last
    return p.report(
        "SB329",
        at if formula else made,  # the formula of a helper is right: what is wrong is where it is asked for
        f"{what} is computed per batch and averaged over the batches (batch-wise): it is no mean of batch values",
        why="the result depends on the batch size and on which samples meet in a batch",
        fix="Collect predictions and labels of all batches and compute the metric once over the whole data set "
        "(for perplexity and RMSE: average the loss over all samples, then exp or sqrt)",
        related=((str(at.src.path) if at.src else "", at.line, "collected here"),),
    )


def _metric(val: Val) -> Val | None:
    """The metric of one batch that a number is (times the batch size)."""
    one = f.core(val)
    worked_out = [o for o in one.options() if o.kind != "const"]
    if one.kind == "phi" and len(worked_out) == 1:
        one = f.core(worked_out[0])  # the other branch is the value for a batch without positives
    if one.name in ("mul", "div") and len(one.args) == 2 and not cells.by_hand(one):
        one = next((m for a in one.args if (m := f.core(a)).name in (*_NAMES, "exp", "sqrt")), one)
    if one.name in ("getitem", "part") and one.args and one.args[0].name in _CORRELATIONS:
        return one.args[0]
    if one.name in _NAMES or one.name in _CORRELATIONS or cells.by_hand(one):
        return one
    if one.name in ("exp", "np_exp", "sqrt") and one.args and f.core(one.args[0]).name != "mean":
        inner = f.core(one.args[0])
        if inner.name == "div" and inner.args:
            inner = f.core(inner.args[0])  # a summed loss over the number of tokens
        if f.loss_value(inner, reduced=False) is None:
            return None
        squared = "MSELoss" in inner.tags
        return one if (one.name == "sqrt") == squared else None
    if one.name == "sqrt" and one.args and f.core(one.args[0]).name == "mean" and _squared(f.core(one.args[0])):
        return one
    if one.name == "pow" and len(one.args) > 1 and one.args[1].const == 0.5 and f.loss_value(one.args[0]) is not None:
        return one
    return None


def _squared(mean: Val) -> bool:
    """Whether a mean is that of squared errors of a model."""
    inner = f.core(mean.args[0]) if mean.args else mean
    return inner.name in ("pow", "square") and f.from_model(inner)


def _of_one_row(made: Val, event: Event, loop: LoopRun) -> bool:
    """Whether the metric is that of one sample, in a loop over the rows of the batch."""
    inner = event.loops[event.loops.index(loop) + 1 :]
    rows = [i for a in made.args for i in [f.core(a)] if i.name in ("element", "part", "getitem")]
    for frame in inner:
        over = rounds.base_of_loop(frame)
        walked = over.inputs() if over is not None and over.kind == "iter" else [over] if over is not None else []
        if any(v.kind in ("tensor", "unknown") and v.name != "range" for v in walked):
            return True
        counted = over is not None and over.name == "range"
        keys = [r.args[1] for r in rows if r.name == "getitem" and len(r.args) > 1]
        if counted and keys and all(k.kind == "number" for k in keys):
            return True  # x[i]; a column is x[:, i]
    return False


def _listed(p: Program) -> Iterator[tuple[Val, Val]]:
    """Metrics of batches that are collected in a comprehension over a loader, which is then averaged."""
    for _, val, _ in p.assigns:
        over = val.args[0] if val.name == "comprehension" and val.items and val.args else None
        made = _metric(val.items[0]) if over is not None and over.kind == "loader" and val.items else None
        if made is not None:
            yield made, val


def _in_round(p: Program, made: Val, event: Event) -> bool:
    """Whether the metric is made in the loop itself, not once before it."""
    own = rounds.loop_of(p, made)
    if own is not None:
        return any(x.node is own.node for x in event.loops)
    line = getattr(event.loops[-1].node, "lineno", 0)
    helper = any(x.node.lineno <= made.line <= (x.node.end_lineno or 0) for x in p.functions if x.src is made.src)
    return made.line >= line or made.src is not event.src or bool(event.funcs) or helper
