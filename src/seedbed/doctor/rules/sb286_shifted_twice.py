"""The labels of a language model are shifted twice.

## What it does

Finds targets that are cut with `[1:]` where the data is made and again where the loss is computed.

## Why is this bad

The model learns the token after the next one. The loss falls, and generated text is wrong.

## Example

```python
emb, head = nn.Embedding(20, 8), nn.Linear(8, 20)
optimizer = torch.optim.Adam([*emb.parameters(), *head.parameters()])
tokens = torch.randint(0, 20, (64, 12))
for step in range(10):
    x, y = tokens[:, :-1], tokens[:, 1:]
    logits = head(emb(x))
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, 20), y[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
emb, head = nn.Embedding(20, 8), nn.Linear(8, 20)
optimizer = torch.optim.Adam([*emb.parameters(), *head.parameters()])
tokens = torch.randint(0, 20, (64, 12))
for step in range(10):
    x, y = tokens[:, :-1], tokens[:, 1:]
    logits = head(emb(x))
    loss = F.cross_entropy(logits.reshape(-1, 20), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import tokens
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("CrossEntropyLoss", "NLLLoss") or len(event.args) < 2:
            continue
        goal, key = tokens.token_source(event.args[1], through_batches=True)
        ahead = [part for part in key.split(";") if part.strip("()").split(",")[-1].strip() == "1:"]
        if goal is not None and _backwards(event, key):
            yield p.report(
                "SB286",
                event,
                "the targets are shifted the wrong way: logits[:, 1:] are compared with tokens[:, :-1]",
                why="the model predicts the token before, which it has already read, instead of the next token",
                fix="Compare logits[:, :-1] with tokens[:, 1:]",
            )
        if goal is None or len(ahead) < 2:
            continue
        read = [
            tokens.token_source(v.args[0], through_batches=True)
            for v in ancestors(event.args[0], limit=3000)
            if v.name in ("Embedding", "embedding", "one_hot") and v.args
        ]
        if not any(source is goal and "1:" not in own for source, own in read):
            continue
        yield p.report(
            "SB286",
            event,
            "the labels are shifted twice: by one where the data is made and again in the loss",
            why="the model learns to predict the token after the next one",
            fix="Shift once: give the loss logits and labels as they are, or take the labels from the unshifted tokens",
            related=_first_cut(event.args[1]),
        )


def _backwards(event: Event, key: str) -> bool:
    """Whether later outputs are compared with earlier tokens."""
    behind = [part for part in key.split(";") if part.strip("()").split(",")[-1].strip() == ":-1"]
    for one in q.chain(event.args[0])[:6]:
        if one.name == "getitem" and len(one.args) > 1 and tokens.is_sliced_output(one):
            keys = one.args[1].items or [one.args[1]]
            cut = keys[1] if len(keys) > 1 else None
            if cut is not None and cut.kind == "slice" and cut.args[0].const == 1 and cut.args[1].is_none:
                return bool(behind)
    return False


def _first_cut(goal: Val) -> tuple[tuple[str, int, str], ...]:
    """Where the labels were cut for the first time."""
    last: Val | None = None
    for one in ancestors(goal, limit=40):
        if one.name == "getitem" and len(one.args) > 1 and one.line and one.args[1].kind in ("slice", "tuple"):
            last = one
    if last is None or last.src is None:
        return ()
    return ((str(last.src.path), last.line, "the first shift"),)
