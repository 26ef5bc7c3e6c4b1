"""Positive and negative pairs change places in a triplet or contrastive loss.

## What it does

Finds `TripletMarginLoss(anchor, negative, positive)`, hinges `relu(d_neg - d_pos + margin)`, and contrastive
losses that give the margin term to similar pairs, or get labels that mean the opposite of what they take them for.
Which side is which is read from names and from comparisons of labels.

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

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import pair_labels, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.labels import NEGATIVE, POSITIVE, side
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_SAME = {"same", "similar", "match", "matches", "matching", "equal", "positive"}
_DISTANCES = {"pairwise_distance", "PairwiseDistance", "cdist", "pow", "square", "norm", "sum", "dist", "sqrt"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _handed_over(p)
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
            found = _wrong(back.recv, val)
            if found is not None:
                seen.add(id(val.node))
                yield p.report("SB263", val, found[0], why=found[1], fix=found[2])
    yield from _other_convention(p, seen)


_LIBRARY = {"CosineEmbeddingLoss": 2, "HingeEmbeddingLoss": 1}


def _other_convention(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Labels of pairs that mean the opposite of what the loss takes them for."""
    uses = [
        (val, weight, sign * pair_labels.pull(rest))
        for back in p.once("backward")
        if back.recv is not None
        for sign, val, weight, rest in pair_labels.weighted(back.recv)
    ]
    for event in p.once("loss"):
        at = _LIBRARY.get(event.name)
        sign, near = event.arg(at or 0, "target"), event.arg(0, "input")
        if at is not None and sign is not None and event.result is not None and p.trained(event.result):
            wanted = 1 if at == 2 else pair_labels.pull(near) if near is not None else 0
            uses.append((event.result, sign, wanted))
        far, goal = event.arg(1, "input2"), event.arg(2, "target")
        near = event.arg(0, "input1")
        if event.name != "MarginRankingLoss" or near is None or far is None or goal is None:
            continue
        if pair_labels.ranked(near, far, goal):
            yield p.report(
                "SB263",
                event,
                "the margin ranking loss has the wrong sign: its target wants the negative nearer than the positive "
                "(swapped arguments, or the target of distances for scores)",
                why="target 1 wants the first input larger: right for (score of positive, score of negative) and for "
                "(distance to negative, distance to positive)",
                fix="Swap the first two arguments, or change the sign of the target",
            )
    told: set[int] = set()
    for val, weight, wanted in uses:
        found = pair_labels.meaning(p, weight) if wanted and id(val.node) not in seen else None
        if found is None or found[0] == wanted or id(found[1].node) in told:
            continue
        told.add(id(found[1].node))
        yield p.report(
            "SB263",
            found[1],
            f"the pair label is inverted: the contrastive loss (line {val.line}) pulls together the pairs that are "
            "labelled as different and pushes equal ones apart",
            why="label convention and loss are opposite: pairs of one class are pushed apart, different ones pulled",
            fix="Turn the comparison of the labels round, or swap label and 1 - label in the loss",
            related=(q.place(val),),
        )


def _wrong(root: Val | None, val: Val) -> tuple[str, str, str] | None:
    """What is wrong with a step of a loss, why that matters, and what to write."""
    if _ranked(root, val):
        return (
            "the ranking loss has the wrong sign: it wants the score of the negative above the positive's",
            "-logsigmoid(pos - neg) is small when the positive scores higher; here it is large",
            "Use -F.logsigmoid(pos_score - neg_score).mean()",
        )
    hinge = val.name in ("relu", "clamp", "clamp_min", "clip", "maximum", "max", "softplus")
    if hinge and _negative_margin(val):
        return (
            "the sign of the margin is wrong in the triplet hinge: it is subtracted",
            "the loss is zero before the negative is farther than the positive at all",
            "Add the margin: relu(d_pos - d_neg + margin)",
        )
    if hinge and _inverted_hinge(val):
        return (
            "the sign of the triplet hinge is wrong: it is smallest for a far positive and a near negative",
            "negative minus positive distance is minimised, so unequal samples are pulled together",
            "Use relu(d_pos - d_neg + margin) for distances (and the other way round for similarities)",
        )
    if val.name in ("mul", "multiply") and (wrong := _loose_push(val)):
        return (
            f"the margin term of the contrastive loss is wrong: {wrong}",
            "different pairs must be pushed apart up to the margin, and left alone beyond it",
            "Use (1 - same) * relu(margin - d)**2",
        )
    if val.name in ("mul", "multiply") and _pushes_equal(val):
        return (
            "the margin term of the contrastive loss is given to similar pairs: positive and negative swapped",
            "similar pairs are pushed apart up to the margin, and different ones pulled together",
            "Use same * d**2 + (1 - same) * relu(margin - d)**2",
        )
    return None


def _handed_over(p: Program) -> Iterator[Finding]:
    """``triplet(emb(a), emb(n), emb(p))`` for a function of the program's own (anchor, positive, negative)."""
    for event in p.once("invoke"):
        func = event.recv.owner.node if event.recv is not None and event.recv.owner is not None else None
        call = event.node
        if not isinstance(call, ast.Call) or not isinstance(func, (ast.FunctionDef, ast.Lambda)) or call.keywords:
            continue
        names = [a.arg for a in func.args.args]
        names = names[1:] if names[:1] == ["self"] else names
        sides = [_told(n, {"pos", "positive"}, {"neg", "negative"}) for n in names[: len(call.args)]]
        if sides.count("pos") != 1 or sides.count("neg") != 1:
            continue
        near, away = (_said(call.args[sides.index(s)]) for s in ("pos", "neg"))
        if (near, away) == ("neg", "pos"):
            yield p.report(
                "SB263",
                event,
                f"the triplet loss gets the negative as its {names[sides.index('pos')]} and the positive as its "
                f"{names[sides.index('neg')]}: swapped",
                why="the anchor is pulled to the negative sample and pushed away from the positive one",
                fix="Pass them in the order of the parameters: anchor, positive, negative",
            )


def _told(name: str, near: set[str], away: set[str]) -> str:
    found = set(words(name))
    return "pos" if found & near else "neg" if found & away else ""


def _said(node: ast.expr) -> str:
    """Which side of a triplet the one name in an argument says."""
    called = {id(n.func) for n in syntax.walk(node) if isinstance(n, ast.Call)}
    found = {n.id for n in syntax.walk(node) if isinstance(n, ast.Name) and id(n) not in called}
    told = {
        _told(n, {"p", "pos", "positive", "ep", "zp", "xp"}, {"n", "neg", "negative", "en", "zn", "xn"}) for n in found
    }
    told -= {""}
    return told.pop() if len(told) == 1 else ""


def _ranked(root: Val | None, val: Val) -> bool:
    """``logsigmoid(pos - neg)`` that is minimised, or ``-logsigmoid(neg - pos)``."""
    if (
        root is None
        or val.name not in ("logsigmoid", "LogSigmoid")
        or not val.args
        or not isinstance(val.node, ast.Call)
    ):
        return False
    gap = f.core(val.args[0])
    signs = {s for s, t in f.summands(root) if t is val or f.core(t) is val}
    if gap.name != "sub" or len(signs) != 1 or not isinstance(gap.node, ast.BinOp):
        return False
    near, away = (_said(n) for n in (gap.node.left, gap.node.right))
    if any(_is_distance(a) for a in gap.args):
        return False
    return (near, away) == (("pos", "neg") if signs == {1} else ("neg", "pos"))


def _inverted_hinge(val: Val) -> bool:
    terms = [(s, t) for a in val.args for s, t in f.plain_terms(a) if t.grad]
    if len(terms) != 2:
        return False
    sides = {_side(t): s for s, t in terms}
    if sides == {"pos": -1, "neg": 1}:
        return all(_is_distance(t) for _, t in terms)
    return sides == {"pos": 1, "neg": -1} and all(t.name in _SIMILARITIES for _, t in terms)


def _negative_margin(val: Val) -> bool:
    """``relu(d_pos - d_neg - margin)``, distances or similarities in their right order."""
    terms = [(s, t) for a in val.args[:1] for s, t in f.plain_terms(a)]
    trained = [(s, t) for s, t in terms if t.grad]
    numbers = [s * t.const for s, t in terms if isinstance(t.const, (int, float)) and not isinstance(t.const, bool)]
    if len(trained) != 2 or len(numbers) != len(terms) - 2 or not numbers or sum(numbers) >= -1e-9:
        return False
    sides = {_side(t): s for s, t in trained}
    if sides == {"pos": 1, "neg": -1}:
        return all(_is_distance(t) for _, t in trained)
    return sides == {"pos": -1, "neg": 1} and all(t.name in _SIMILARITIES for _, t in trained)


def _side(term: Val) -> str:
    """Which side of a triplet a distance is to; where the values have no names, the names in its code tell."""
    found = side(term)
    if found or not isinstance(term.node, ast.Call):
        return found
    names = {n.id for n in syntax.walk(term.node) if isinstance(n, ast.Name)}
    told = {s for n in names for w in words(n) for s, ws in (("pos", POSITIVE), ("neg", NEGATIVE)) if w in ws}
    return told.pop() if len(told) == 1 else ""


_SIMILARITIES = frozenset(["cosine_similarity", "CosineSimilarity"])


def _loose_push(val: Val) -> str:
    """What is wrong with the push in ``(1 - same) * relu(margin - d)**2``."""
    parts = [v for v, power in f.factors(val) if power > 0 and v.kind != "const"]
    if len(parts) != 2:
        return ""
    for label, push in (parts, parts[::-1]):
        pair = f.complement(label)
        if label.grad or pair is None or pair.grad or push.name not in ("pow", "square") or not push.args:
            continue
        if not {w for v in q.chain(pair)[:4] for w in words(v.var)} & (_SAME | {"y", "label", "labels", "target"}):
            continue
        inner = f.core(push.args[0])
        cut = inner.name in ("relu", "clamp", "clamp_min", "clip", "maximum") and bool(inner.args)
        gap = f.core(inner.args[0]) if cut else inner
        if gap.name != "sub" or len(gap.args) != 2:
            continue
        near, far = gap.args
        if cut and near.grad and not far.grad and _is_distance(near) and far.kind == "const":
            return "relu(d - margin) pulls different pairs that are far apart together, instead of pushing near ones"
        if not cut and far.grad and not near.grad and _is_distance(far) and near.kind == "const":
            return "margin - d is not cut at zero (clamp(min=0), relu), so pairs beyond the margin are pulled back"
    return ""


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
