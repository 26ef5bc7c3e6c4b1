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
from seedbed.doctor.static.program import Program

_NAMES = ("cosine_similarity", "CosineSimilarity")
_APART = {"neg", "negative", "other", "diversity", "decorrelation", "orthogonal", "adversarial", "attack", "repel"}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if any(getattr(o.kwargs.get("maximize"), "const", False) is True for _, o, _ in ownership.optimizers(p)):
        return
    for back in p.once("backward"):
        terms = [(s, t) for s, t in f.summands(back.recv) if t.grad] if back.recv is not None else []
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
