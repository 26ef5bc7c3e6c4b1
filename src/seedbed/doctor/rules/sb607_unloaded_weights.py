"""Weights are read but never put into the model.

## What it does

Finds weights that are read with `torch.load` but never put into a model.

## Why is this bad

The model goes on with the weights it had.

## Example

```python
model = nn.Linear(4, 3)
state = torch.load("weights.pt")
model.eval()
print(model(torch.randn(8, 4)))
```

## Use instead

```python
model = nn.Linear(4, 3)
state = torch.load("weights.pt")
model.load_state_dict(state)
model.eval()
print(model(torch.randn(8, 4)))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    for event in p.once("load"):
        val = event.result
        if val is None:
            continue
        path = event.args[0].const if event.args and isinstance(event.args[0].const, str) else ""
        if not set(words(path.replace(".", "_").replace("/", "_"))) & {
            "weights",
            "model",
            "checkpoint",
            "ckpt",
            "best",
            "state",
            "pretrained",
            "pth",
            "net",
        }:
            continue
        used = any(
            val in ancestors(a, limit=30)
            for e in p.events
            if e.kind not in ("assign", "load", "discard") and not (e.kind == "call" and e.name == "torch.load")
            for a in [*e.args, *e.kwargs.values(), *([e.recv] if e.recv is not None else [])]
        )
        if _given_elsewhere(p, event, path):
            continue  # a method of the model reads the file by itself
        if not used and any(e.seq > event.seq for e in p.all("forward", "mode", "backward")):
            yield p.report(
                "SB607",
                event,
                "the loaded weights are never put into the model: load_state_dict() is missing",
                why="torch.load only reads the file; the model keeps the weights that it had",
                fix="Call model.load_state_dict(state)",
            )


def _given_elsewhere(p: Program, event: Event, path: str) -> bool:
    """Whether another call is given the same file."""
    calls = (e for e in p.all("call") if e.node is not event.node and e.name != "torch.load")
    return any(a.const == path for e in calls if _takes_files(e) for a in (*e.args, *e.kwargs.values()))


def _takes_files(call: Event) -> bool:
    """Whether a call can put a file into a model, rather than look at its path or write it."""
    return call.recv is not None and not call.name.startswith((".save", ".exists"))
