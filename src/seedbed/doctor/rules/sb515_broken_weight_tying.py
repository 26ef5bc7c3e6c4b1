"""Weights are copied instead of shared.

## What it does

Finds weight tying that copies the weight.

## Why is this bad

The copies are equal at the start only. Training moves them apart.

## Example

```python
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.out = nn.Linear(32, 100, bias=False)
        self.out.weight = nn.Parameter(self.emb.weight.clone())

    def forward(self, x):
        return self.out(self.emb(x))
```

## Use instead

```python
class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 32)
        self.out = nn.Linear(32, 100, bias=False)
        self.out.weight = self.emb.weight

    def forward(self, x):
        return self.out(self.emb(x))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _parted(p)
    yield from _replaced(p)
    for event in p.once("attribute"):
        node = event.node
        if not event.args or not isinstance(node, ast.Attribute) or event.name not in ("weight", "data"):
            continue
        val = event.args[0]
        parts = list(ancestors(val, limit=12))
        source = [v for v in parts if v.name == "parameter" and "weight" in v.tags and v.args]
        owner = (
            event.recv
            if event.name == "weight"
            else (
                event.recv.args[0]
                if event.recv is not None and event.recv.name == "parameter" and event.recv.args
                else None
            )
        )
        if (
            not source
            or owner is None
            or owner.kind != "module"
            or source[0].args[0] is owner
            or source[0].args[0].kind != "module"
        ):
            continue
        copied = (
            any(v.name in ("clone", "detach", "data", "Parameter", "deepcopy", "t", "T") for v in parts)
            or event.name == "data"
        )
        inside = event.funcs and event.funcs[-1].name in ("__init__", "tie_weights", "_tie_weights")
        if copied and val is not source[0] and inside:
            yield p.report(
                "SB515",
                event,
                "weight tying is broken: the weight is copied, not shared",
                why="the two tensors are equal at the start only; the optimizer moves them apart",
                fix="Assign the parameter itself: self.out.weight = self.emb.weight",
            )
    yield from _in_place(p)


def _in_place(p: Program) -> Iterator[Finding]:
    """Weights that are tied by copying numbers."""
    for event in p.once("inplace"):
        if (
            event.name == "copy_"
            and event.funcs
            and event.funcs[-1].name in ("__init__", "tie_weights", "_tie_weights")
            and event.args
        ):
            source = [v for v in ancestors(event.args[0], limit=8) if v.name == "parameter" and "weight" in v.tags]
            target = (
                [v for v in ancestors(event.recv, limit=8) if v.name == "parameter" and "weight" in v.tags]
                if event.recv is not None
                else []
            )
            same = any(s.args[:1] == t.args[:1] for s in source for t in target)  # its own numbers, drawn anew
            if source and target and source[0] is not target[0] and not same:
                yield p.report(
                    "SB515",
                    event,
                    "weight tying is broken: copy_() copies the weight instead of sharing it",
                    why="the two tensors are equal at the start only; the optimizer moves them apart",
                    fix="Assign the parameter itself: self.out.weight = self.emb.weight",
                )


def _parted(p: Program) -> Iterator[Finding]:
    """Tied modules of which one gets a new parameter afterwards, in an initialisation for example."""
    tied: dict[int, Event] = {}
    seen: set[int] = set()
    for event in p.all("attribute"):
        if event.name != "weight" or not event.args or event.recv is None or event.recv.kind != "module":
            continue
        val = event.args[0]
        if val.name == "parameter" and "weight" in val.tags and val.args and val.args[0] is not event.recv:
            tied[id(event.recv)] = tied[id(val.args[0])] = event
        elif val.name == "Parameter" and id(event.recv) in tied and id(event.node) not in seen:
            seen.add(id(event.node))
            tie = tied[id(event.recv)]
            yield p.report(
                "SB515",
                event,
                f"weight tying is broken: a new nn.Parameter replaces the shared weight (tied at line {tie.line})",
                why="each layer gets a parameter of its own: embedding and decoder no longer share their weight",
                fix="Change the numbers in place (nn.init.normal_(m.weight)), or tie after the initialisation",
                related=((str(tie.src.path), tie.line, "the tie"),),
            )


def _replaced(p: Program) -> Iterator[Finding]:
    """Embeddings that are replaced by a new one after the weight of the output layer was tied to theirs."""
    ties: list[tuple[Event, Val]] = []  # a tie and the embedding whose weight is shared
    held: dict[tuple[int, str], Val] = {}
    events = p.all("attribute", "replace")
    for at, event in enumerate(events):
        if not event.args or event.recv is None or event.kind != "attribute":
            continue
        val = event.args[0]
        shared = val.args[0] if val.name == "parameter" and "weight" in val.tags and val.args else None
        if event.name == "weight" and shared is not None and shared is not event.recv and event.recv.kind == "module":
            ties += [(event, m) for m in (shared, event.recv) if m.name in _TABLES]
        if val.kind != "module":
            continue
        old = held.get((id(event.recv), event.name))
        held[id(event.recv), event.name] = val
        tie = next((t for t, m in ties if m is old), None) if old is not None and old is not val else None
        if tie is None or val.name not in _TABLES or _tied_again(events[at:], val):
            continue
        if event.node is tie.node or any(id(v) == id(w) for v in ancestors(val, limit=40) for w in tie.args):
            continue
        yield p.report(
            "SB515",
            event,
            f"weight tying is broken: {event.name} is replaced by a new embedding, the weight was tied to the old one "
            f"(line {tie.line})",
            why="the output layer keeps the weight of the old embedding: the two no longer share anything",
            fix="Copy the numbers into the shared weight (embed.weight.data.copy_(vectors)), or tie again afterwards",
            related=((str(tie.src.path), tie.line, "the tie"),),
        )


_TABLES = ("Embedding", "from_pretrained")


def _tied_again(later: list[Event], new: Val) -> bool:
    """Whether the weight of the new embedding is shared in its turn."""
    ties = [e for e in later if e.kind == "attribute" and e.name == "weight" and e.args]
    return any(e.recv is new or any(a is new for a in e.args[0].args) for e in ties)
