"""Ranks by hand are counted on the wrong side, along the wrong axis, or from zero.

## What it does

Finds ranks such as `(scores > scores.diag().unsqueeze(1)).sum(dim=1) + 1` whose comparison points the wrong way for
similarities, whose axes do not belong together, or which start at zero where they are divided by.

## Why is this bad

Recall@k and MRR look plausible and measure something else: the worst match, another query, or infinity.

## Example

```python
image, text = nn.Linear(8, 4), nn.Linear(6, 4)
image.eval()
with torch.no_grad():
    scores = F.normalize(image(torch.randn(50, 8)), dim=1) @ F.normalize(text(torch.randn(50, 6)), dim=1).T
rank = (scores < scores.diag().unsqueeze(1)).sum(dim=1) + 1
print("MRR", (1.0 / rank).mean())
```

## Use instead

```python
image, text = nn.Linear(8, 4), nn.Linear(6, 4)
image.eval()
with torch.no_grad():
    scores = F.normalize(image(torch.randn(50, 8)), dim=1) @ F.normalize(text(torch.randn(50, 6)), dim=1).T
rank = (scores > scores.diag().unsqueeze(1)).sum(dim=1) + 1
print("MRR", (1.0 / rank).mean())
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_ABOVE = frozenset(["Gt", "GtE"])
_BELOW = frozenset(["Lt", "LtE"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for total in p.anywhere("sum"):
        test = f.core(total.args[0]) if total.args else total
        if test.name not in ("compare", "gt", "lt") or len(test.args) < 2 or id(test.node) in seen:
            continue
        said = _problem(p, total, test)
        if said:
            seen.add(id(test.node))
            yield p.report(
                "SB891",
                test,
                f"the rank is counted wrongly: {said}",
                why="Recall@k and MRR then measure something else than the place of the right match",
                fix="Use (scores > scores.diag().unsqueeze(1)).sum(dim=1) + 1",
            )


def _problem(p: Program, total: Val, test: Val) -> str:
    scores, own = test.args[:2]
    spread = own
    diagonal = f.core(spread)
    if _new_axis(spread) is not None:
        diagonal = f.core(spread.args[0])
    if diagonal.name not in ("diag", "diagonal") or not diagonal.args or f.core(diagonal.args[0]) is not f.core(scores):
        return ""
    axis, over = spread.number(1, "dim") if spread.name == "unsqueeze" else _new_axis(spread), total.number(1, "dim")
    if axis in (0, 1, -1) and over in (0, 1, -1) and axis % 2 != over % 2:
        return f"the own score stands along dim={axis}, but the comparison is summed over dim={over}"
    similar = any(v.name in ("matmul", "mm", "einsum", "cosine_similarity") for v in ancestors(scores, limit=12))
    distant = any(v.name in ("cdist", "pairwise_distance") for v in ancestors(scores, limit=12))
    op = test.tags | ({"Gt"} if test.name == "gt" else {"Lt"} if test.name == "lt" else set())
    plain = not any(v.name in ("neg", "rsub") for v in ancestors(scores, limit=12))
    if plain and similar and not distant and op & _BELOW:
        return "candidates with a lower similarity are counted, so the best match has the highest rank"
    if plain and distant and op & _ABOVE:
        return "candidates at a larger distance are counted, so the best match has the highest rank"
    if any(
        u.name == "div" and len(u.args) == 2 and u.args[0].kind == "const" and f.core(u.args[1]) is total
        for u in p.users(total)
    ):
        return "it starts at 0, so 1 / rank is infinite for every right answer (add 1)"
    return ""


def _new_axis(val: Val) -> int | None:
    """The axis that ``x[:, None]`` or ``x[None]`` adds to a vector."""
    if val.name != "getitem" or len(val.args) != 2:
        return None
    keys = val.args[1].items or [val.args[1]]
    places = [i for i, k in enumerate(keys) if k.is_none]
    return places[0] if len(places) == 1 and len(keys) <= 2 else None
