"""Positive and negative pairs change places in a triplet or contrastive loss.

## What it does

Finds `TripletMarginLoss(anchor, negative, positive)`, hinges `relu(d_neg - d_pos + margin)`, and contrastive
losses that give the margin term to similar pairs. Which side is which is read from names and from comparisons
of labels.

## Why is this bad

The model pulls different things together and pushes equal ones apart. The loss falls nicely, and nearest
neighbours are worse than chance.

## Example

```python
encoder = nn.Linear(4, 8)
triplet = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.Adam(encoder.parameters())
for anchor, positive, negative in loader:
    optimizer.zero_grad()
    triplet(encoder(anchor), encoder(negative), encoder(positive)).backward()
    optimizer.step()
```

## Use instead

```python
encoder = nn.Linear(4, 8)
triplet = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.Adam(encoder.parameters())
for anchor, positive, negative in loader:
    optimizer.zero_grad()
    triplet(encoder(anchor), encoder(positive), encoder(negative)).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.labels import side
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_SAME = {"same", "similar", "match", "matches", "matching", "equal", "positive"}
_DISTANCES = {"pairwise_distance", "PairwiseDistance", "cdist", "pow", "square", "norm", "sum", "dist", "sqrt"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss", "forward"):
        near, away = event.arg(1, "positive"), event.arg(2, "negative")
        if event.name.startswith("TripletMargin") and near is not None and away is not None:  # noqa: SIM102
            if (near.var, away.var) == ("n", "p") or (side(near) == "neg" and side(away) == "pos"):
                yield p.report(
                    "SB263",
                    event,
                    "the triplet loss gets the negative before the positive (anchor, positive, negative)",
                    why="the anchor is pulled to the negative sample and pushed away from the positive one",
                    fix="Call triplet(anchor, positive, negative)",
                )
    seen: set[int] = set()
    for back in p.once("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if id(val.node) in seen:
                continue
            if val.name in ("relu", "clamp", "clamp_min", "clip", "maximum", "max", "softplus") and _inverted_hinge(
                val
            ):
                seen.add(id(val.node))
                yield p.report(
                    "SB263",
                    val,
                    "the sign of the triplet hinge is wrong: it is smallest for a far positive and a near negative",
                    why="negative minus positive distance is minimised, so unequal samples are pulled together",
                    fix="Use relu(d_pos - d_neg + margin) for distances (and the other way round for similarities)",
                )
            elif val.name in ("mul", "multiply") and _pushes_equal(val):
                seen.add(id(val.node))
                yield p.report(
                    "SB263",
                    val,
                    "the margin term of the contrastive loss is given to similar pairs: positive and negative swapped",
                    why="similar pairs are pushed apart up to the margin, and different ones pulled together",
                    fix="Use same * d**2 + (1 - same) * relu(margin - d)**2",
                )


def _inverted_hinge(val: Val) -> bool:
    terms = [(s, t) for a in val.args for s, t in f.plain_terms(a) if t.grad]
    if len(terms) != 2:
        return False
    sides = {side(t): s for s, t in terms}
    if sides != {"pos": -1, "neg": 1}:
        return False
    return all(_is_distance(t) for _, t in terms)


def _is_distance(val: Val) -> bool:
    """Whether a value is a distance; a similarity wants the other sign."""
    for one in ancestors(val, limit=40):
        if one.name in ("cosine_similarity", "CosineSimilarity", "matmul", "mm", "bmm", "einsum", "mul", "log_softmax"):
            return False
        if "sim" in words(one.var) or "score" in words(one.var) or "scores" in words(one.var):
            return False
        if one.name in _DISTANCES - {"sum", "sqrt"} or one.name == "PairwiseDistance":
            return True
    return False


def _pushes_equal(val: Val) -> bool:
    """``same * relu(margin - d)``: ``same`` by its name or as a comparison of labels."""
    parts = [v for v, power in f.factors(val) if power > 0 and v.kind != "const"]
    if len(parts) != 2:
        return False
    for label, push in (parts, parts[::-1]):
        one = f.core(label)
        said = {w for v in q.chain(label)[:4] for w in words(v.var)}
        equal = bool(said & _SAME) or (one.name == "compare" and "Eq" in one.tags)
        if one.grad or not equal or f.complement(one) is not None:
            continue
        inner = f.core(push.args[0]) if push.name in ("pow", "square") and push.args else push
        if inner.name not in ("relu", "clamp", "clamp_min", "clip", "maximum") or not inner.args:
            continue
        gap = f.core(inner.args[0])
        if (
            gap.name == "sub"
            and len(gap.args) == 2
            and gap.args[1].grad
            and not gap.args[0].grad
            and _is_distance(gap.args[1])
        ):
            return True
    return False
