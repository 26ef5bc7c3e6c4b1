"""Similarities are multiplied by a temperature that they should be divided by.

## What it does

Finds products of a similarity matrix with a small temperature (below 0.5) that go into cross-entropy or softmax.

## Why is this bad

Cosine similarities lie between -1 and 1. Divided by 0.07 they span enough to tell pairs apart; multiplied by it
all logits are nearly equal, the softmax is uniform, and the loss stays at `log(N)`.

## Example

```python
encoder = nn.Linear(4, 8)
optimizer = torch.optim.Adam(encoder.parameters())
for a, b in loader:
    optimizer.zero_grad()
    za, zb = F.normalize(encoder(a)), F.normalize(encoder(b))
    logits = za @ zb.t() * 0.07
    F.cross_entropy(logits, torch.arange(len(a))).backward()
    optimizer.step()
```

## Use instead

```python
encoder = nn.Linear(4, 8)
optimizer = torch.optim.Adam(encoder.parameters())
for a, b in loader:
    optimizer.zero_grad()
    za, zb = F.normalize(encoder(a)), F.normalize(encoder(b))
    logits = za @ zb.t() / 0.07
    F.cross_entropy(logits, torch.arange(len(a))).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_SIMILAR = ("matmul", "mm", "einsum", "cosine_similarity", "CosineSimilarity")


_SOFTMAX = ("softmax", "log_softmax", "logsumexp")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    roots = [e.args[0] for e in p.all("loss") if e.name == "CrossEntropyLoss" and e.args and e.args[0].grad]
    roots += [e.result.args[0] for e in p.makers(*_SOFTMAX) if e.result is not None and _is_softmax(e.result)]
    for root in roots:
        for val in ancestors(root, frozenset(_THROUGH), limit=60):
            if val.name != "mul" or len(val.args) != 2 or id(val.node) in seen:
                continue
            for heat, scores in (val.args, val.args[::-1]):
                if _cold(heat) and _cosines(scores):
                    seen.add(id(val.node))
                    yield p.report(
                        "SB265",
                        val,
                        f"the similarities are multiplied by the temperature ({heat.const:g}) instead of divided by it",
                        why="cosine similarities become almost equal logits, so the loss stays at log(N)",
                        fix="Divide by the temperature: logits = similarity / temperature",
                    )


_THROUGH = (
    "mul",
    "cat",
    "getitem",
    "masked_fill",
    "masked_fill_",
    "view",
    "t",
    "T",
    "transpose",
    "sub",
    "add",
    "reshape",
)


def _is_softmax(val: Val) -> bool:
    return val.kind == "tensor" and val.name in _SOFTMAX and bool(val.args) and val.grad


def _cold(val: Val) -> bool:
    if val.kind != "const" or not isinstance(val.const, float) or not 0 < val.const < 0.5:
        return False
    return not set(words(val.var)) & {"scale", "beta", "weight", "alpha"}


def _cosines(val: Val) -> bool:
    """Whether scores are products of normalised vectors."""
    one = f.core(val)
    if one.name in ("cosine_similarity", "CosineSimilarity"):
        return True
    if one.name not in _SIMILAR:
        return False
    sides = [a for a in one.args if a.kind not in ("const", "number")]
    return len(sides) > 1 and all(_of_unit_length(a) for a in sides)


_LAYOUT = TRANSPARENT | {"part", "element", "chunk", "chunks", "mT", "concat", "repeat"}


def _of_unit_length(val: Val) -> bool:
    """Whether a value was normalised, and since then only laid out anew."""
    return any(
        v.name == "normalize" or (v.name == "div" and any(f.made_by(w, "norm") is not None for w in v.args[1:]))
        for v in ancestors(val, _LAYOUT, limit=30)
    )
