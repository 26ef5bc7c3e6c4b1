"""A masked language model is trained on all tokens, not only on the masked ones.

## What it does

Finds losses over every token of a sequence whose input is the same sequence with some tokens masked out.

## Why is this bad

Most targets stand in the input: the model learns to copy them, and the few masked positions hardly count.

## Example

```python
model = nn.Sequential(nn.Embedding(30, 16), nn.Linear(16, 30))
optimizer = torch.optim.Adam(model.parameters())
for ids, y in loader:
    masked = torch.rand(ids.shape) < 0.15
    inputs = ids.masked_fill(masked, 0)
    loss = F.cross_entropy(model(inputs).reshape(-1, 30), ids.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Embedding(30, 16), nn.Linear(16, 30))
optimizer = torch.optim.Adam(model.parameters())
for ids, y in loader:
    masked = torch.rand(ids.shape) < 0.15
    inputs = ids.masked_fill(masked, 0)
    labels = ids.masked_fill(~masked, -100)
    loss = F.cross_entropy(model(inputs).reshape(-1, 30), labels.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_RANDOM = ("rand", "rand_like", "bernoulli", "np_rand", "np_random")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or len(event.args) < 2 or not p.trained(event.result):
            continue
        if any(k in event.kwargs for k in ("weight", "ignore_index")) and "reduction" in event.kwargs:
            continue
        goal = f.core(event.args[1])
        masked = _masked_copy(event, goal)
        how = event.kwargs.get("reduction")
        if masked is None or (how is not None and how.const == "none") or _written(p, goal):
            continue
        kept = next((v for v in q.seen_through(event.args[1]) if v.name == "clone" and v.line), None)
        yield p.report(
            "SB291",
            kept if kept is not None else event,
            "the masked language model's loss covers all tokens, not only the masked ones: the labels of the others "
            "must be ignored (-100)",
            why="the unmasked tokens stand in the input, so most of the loss rewards copying",
            fix="Set labels[~masked] = -100 (ignore_index) so that only masked positions count",
            related=(q.place(masked),),
        )


def _masked_copy(event: Event, goal: Val) -> Val | None:
    """The input tokens: the targets with some of them replaced at random places."""
    for one in ancestors(event.args[0], limit=3000):
        if one.name not in ("Embedding", "embedding") or not one.args:
            continue
        fed = f.core(one.args[0])
        if fed.name not in ("masked_fill", "where") or len(fed.args) < 3:
            continue
        if not any(f.core(a) is goal for a in fed.args):
            continue
        if any(v.name in _RANDOM for a in fed.args for v in ancestors(a, limit=12)):
            return fed
    return None


def _written(p: Program, goal: Val) -> bool:
    """Whether entries of the labels are set afterwards."""
    return any(e.recv is not None and f.core(e.recv) is goal for e in p.all("setitem", "inplace"))
