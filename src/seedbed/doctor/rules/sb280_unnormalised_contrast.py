"""A contrastive loss with a temperature gets embeddings that are not normalised.

## What it does

Finds `cross_entropy(a @ b.T / temperature, arange(n))` with a small temperature where neither side was normalised.

## Why is this bad

InfoNCE and CLIP compare directions: cosine similarities between -1 and 1. Raw dot products divided by 0.07 are huge,
the softmax saturates, and the loss is lowered by longer vectors.

## Example

```python
f, g = nn.Linear(8, 4), nn.Linear(8, 4)
optimizer = torch.optim.Adam([*f.parameters(), *g.parameters()])
for a, b in loader:
    logits = f(a) @ g(b).t() / 0.07
    optimizer.zero_grad()
    F.cross_entropy(logits, torch.arange(len(a))).backward()
    optimizer.step()
```

## Use instead

```python
f, g = nn.Linear(8, 4), nn.Linear(8, 4)
optimizer = torch.optim.Adam([*f.parameters(), *g.parameters()])
for a, b in loader:
    logits = F.normalize(f(a), dim=1) @ F.normalize(g(b), dim=1).t() / 0.07
    optimizer.zero_grad()
    F.cross_entropy(logits, torch.arange(len(a))).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LENGTHS = frozenset(
    [
        "normalize",
        "norm",
        "vector_norm",
        "cosine_similarity",
        "cdist",
        "LayerNorm",
        "layer_norm",
        "rsqrt",
        "tanh",
        "softmax",
        "sigmoid",
        "BatchNorm1d",
        "CosineSimilarity",
        "linalg_norm",
        "sqrt",
    ]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.once("loss"):
        if event.name != "CrossEntropyLoss" or len(event.args) < 2 or not p.trained(event.result):
            continue
        if not any(v.name == "arange" for v in ancestors(event.args[1], limit=20)):
            continue
        scores = f.core(event.args[0])
        while scores.name in ("masked_fill", "where", "masked_fill_") and scores.args:
            scores = f.core(scores.args[1 if scores.name == "where" and len(scores.args) > 1 else 0])
        parts = f.factors(scores)
        products = [v for v, power in parts if power > 0 and v.name in ("matmul", "mm", "einsum", "T", "t")]
        sharp = [v for v, power in parts if _is_sharp(v, power)]
        if not products or not sharp or id(event.node) in seen:
            continue
        sides = [s for v in products for s in v.args[:2]]
        if any(v.name in _LENGTHS for s in sides for v in ancestors(s, limit=60)):
            continue
        if not any(f.from_model(s) for s in sides):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB280",
            products[0],
            "contrastive logits are dot products of embeddings that are not normalised (F.normalize is missing)",
            why=f"divided by the temperature ({_number(sharp[0])}) they saturate the softmax, and longer vectors lower "
            "the loss",
            fix="Normalise both sides to length one: F.normalize(z, dim=1) (cosine similarity)",
            related=(q.place(event.args[0]),),
        )


def _is_sharp(val: Val, power: int) -> bool:
    """Whether a factor is a temperature that makes the scores larger."""
    number = val.const if isinstance(val.const, (int, float)) and not isinstance(val.const, bool) else None
    if number is None:
        return False
    return (power < 0 and 0 < number < 0.9) or (power > 0 and number > 3)


def _number(val: Val) -> str:
    return f"{val.const:g}" if isinstance(val.const, (int, float)) else "tau"
