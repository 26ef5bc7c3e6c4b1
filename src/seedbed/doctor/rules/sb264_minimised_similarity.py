"""A similarity to the target is minimised.

## What it does

Finds a cosine similarity between a prediction and its target that is the loss as it stands, without `1 -` or a
minus sign.

## Why is this bad

A similarity is largest when prediction and target agree. The optimizer minimises, so it turns the prediction away
from its target.

## Example

```python
model = nn.Linear(4, 8)
optimizer = torch.optim.Adam(model.parameters())
for x, target in loader:
    optimizer.zero_grad()
    loss = F.cosine_similarity(model(x), target, dim=1).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 8)
optimizer = torch.optim.Adam(model.parameters())
for x, target in loader:
    optimizer.zero_grad()
    loss = 1 - F.cosine_similarity(model(x), target, dim=1).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import labels, ownership
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_NAMES = ("cosine_similarity", "CosineSimilarity")
_APART = {"neg", "negative", "other", "diversity", "decorrelation", "orthogonal", "adversarial", "attack", "repel"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if any(getattr(o.kwargs.get("maximize"), "const", False) is True for _, o, _ in ownership.optimizers(p)):
        return
    for back in p.once("backward"):
        terms = [(s, t) for s, t in f.summands(back.recv) if t.grad] if back.recv is not None else []
        yield from _overlap(p, back, terms)
        if len(terms) != 1 or terms[0][0] < 0 or terms[0][1].name not in _NAMES or len(terms[0][1].args) < 2:
            continue
        term = terms[0][1]
        one, two = term.args[:2]
        if one.grad == two.grad or f.said(term) & _APART or labels.side(two if one.grad else one) == "neg":
            continue
        if f.from_model(two if one.grad else one):
            continue
        yield p.report(
            "SB264",
            term,
            "the cosine similarity to the target is minimised: the sign of the loss is wrong",
            why="the similarity is 1 for a perfect prediction, so training turns the prediction away from its target",
            fix="Minimise 1 - similarity (or its negative)",
            related=((str(back.src.path), back.line, "backward()"),),
        )


def _overlap(p: Program, back: Event, terms: list[tuple[int, Val]]) -> Iterator[Finding]:
    """Dice or IoU itself as a loss: (intersection + 1) / (union + 1) without 1 - or a minus."""
    for sign, term in terms:
        if sign < 0 or term.name != "div" or len(term.args) != 2 or len(terms) > 2:
            continue
        above = [v for v in ancestors(term.args[0], limit=12) if v.name == "mul" and len(v.args) == 2]
        mixed = [v for v in above if v.args[0].grad != v.args[1].grad and all(a.kind == "tensor" for a in v.args)]
        below = {v.name for v in ancestors(term.args[1], limit=12)}
        if not mixed or not term.args[1].grad or "sum" not in below or not {"add", "sub"} & below:
            continue
        outer = {v.name for v in ancestors(term.args[0], limit=6)}
        if "sum" not in outer or {"pow", "square", "log", "abs", "sub"} & outer:
            continue
        yield p.report(
            "SB264",
            term,
            "the overlap (Dice, IoU) is minimised: the loss is intersection / union itself, 1 - is missing",
            why="the score is 1 for a perfect mask, so training turns away from the target (wrong sign)",
            fix="Minimise 1 - score",
            related=((str(back.src.path), back.line, "backward()"),),
        )
