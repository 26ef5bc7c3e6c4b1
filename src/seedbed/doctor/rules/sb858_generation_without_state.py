"""Generation feeds one token at a time and drops the hidden state.

## What it does

Finds loops that feed a recurrent model its own last token without the state of the step before.

## Why is this bad

Every step starts from zeros: the model has forgotten the prompt and all that it generated but one token.

## Example

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.rnn, self.out = nn.Embedding(20, 8), nn.GRU(8, 16, batch_first=True), nn.Linear(16, 20)

    def forward(self, x, state=None):
        y, state = self.rnn(self.emb(x), state)
        return self.out(y), state

model = Model()
token = torch.zeros(1, 1, dtype=torch.long)
with torch.no_grad():
    for _ in range(10):
        logits, _ = model(token)
        token = logits[:, -1].argmax(-1, keepdim=True)
```

## Use instead

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.rnn, self.out = nn.Embedding(20, 8), nn.GRU(8, 16, batch_first=True), nn.Linear(16, 20)

    def forward(self, x, state=None):
        y, state = self.rnn(self.emb(x), state)
        return self.out(y), state

model = Model()
token, state = torch.zeros(1, 1, dtype=torch.long), None
with torch.no_grad():
    for _ in range(10):
        logits, state = model(token, state)
        token = logits[:, -1].argmax(-1, keepdim=True)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_PICKS = frozenset(["argmax", "multinomial", "topk_indices", "sample", "max"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _chunks(p)
    rounds: dict[int, list[Event]] = {}
    for event in p.all("forward"):
        if event.loops and event.args and event.depth == 0:
            rounds.setdefault(id(event.node), []).append(event)
    for runs in rounds.values():
        later = [e for e in runs if e.rounds and e.rounds[-1] > 0]
        if not later or not all(_forgets(e) for e in later[:2]) or not _own_token(later[0], runs):
            continue
        yield p.report(
            "SB858",
            later[0],
            "generation feeds one token at a time without the hidden state: it is dropped and starts from zeros in "
            "every step",
            why="the state is discarded: the model has forgotten the prompt and all that it wrote but the last token",
            fix="Pass the state on: logits, state = model(token, state)",
        )


def _chunks(p: Program) -> Iterator[Finding]:
    """A long sequence in chunks: the state that a model returns is kept under a name that nothing reads."""
    seen: set[int] = set()
    for node in q.nodes(p, ast.For):
        for line in node.body:
            if not isinstance(line, ast.Assign) or not isinstance(line.value, ast.Call):
                continue
            names = [n.id for t in line.targets if isinstance(t, ast.Tuple) for n in t.elts if isinstance(n, ast.Name)]
            if len(names) != 2 or names[1].startswith("_") or names[1] not in _STATES or id(line) in seen:
                continue
            event = next((e for e in p.all("forward") if e.node is line.value and e.depth == 0), None)
            read = any(
                isinstance(n, ast.Name) and n.id == names[1] and isinstance(n.ctx, ast.Load)
                for n in syntax.walk(p.source.tree)
                if node.lineno <= getattr(n, "lineno", 0) <= (node.end_lineno or 0)
            )
            if event is None or read or len(event.args) != 1 or not _forgets(event) or not _sliced(event.args[0]):
                continue
            seen.add(id(line))
            yield p.report(
                "SB858",
                event,
                f"the hidden state {names[1]} that the model returns is never passed on: every chunk starts from zeros",
                why="the chunks follow each other in time, but the model has forgotten what came before",
                fix=f"Pass it on, detached: out, {names[1]} = model(chunk, {names[1]}) with {names[1]}.detach()",
            )


_STATES = frozenset(["s", "h", "hc", "state", "states", "hidden", "hid", "hx", "hn", "memory", "carry"])


def _sliced(val: Val) -> bool:
    """Whether an input is a window of a longer sequence: cut with the counter of a loop."""
    for one in q.chain(val)[:4]:
        if one.name == "getitem" and len(one.args) > 1:
            keys = one.args[1].items or [one.args[1]]
            if any(k.kind == "slice" and k.args and any(q.is_counter(v) for v in ancestors(k, limit=8)) for k in keys):
                return True
    return False


def _forgets(event: Event) -> bool:
    """Whether a recurrent model is called with nothing but its token."""
    if len(event.args) + len(event.kwargs) > 1 and any(_is_state(a) for a in (*event.args[1:], *event.kwargs.values())):
        return False
    result = event.result
    if result is None:
        return False
    before = {id(v) for a in event.args for v in ancestors(a, limit=200)}  # what an earlier round has made
    inside = [v for part in q.flat([result]) for v in ancestors(part, limit=60) if id(v) not in before]
    layers = [v for v in inside if v.name == "recurrent"]
    return (
        bool(layers)
        and all(len(v.args) < 2 or all(o.is_none for o in v.args[1].options()) for v in layers if v.args)
        and event.recv is not None
        and not _keeps(event)
    )


def _is_state(val: Val) -> bool:
    return not val.is_none


def _keeps(event: Event) -> bool:
    """Whether the model keeps its state in itself."""
    found = event.recv
    return found is not None and any(
        a.name == "state" or (a.items and any(i.name == "state" for i in a.items))
        for o in found.options()
        for a in o.attrs.values()
    )


def _own_token(event: Event, runs: list[Event]) -> bool:
    """Whether the input is one token that the model itself gave in the round before, not a growing sequence."""
    given = list(ancestors(event.args[0], limit=80))
    before = {id(part) for e in runs if e is not event and e.result is not None for part in q.flat([e.result])}
    if not any(id(v) in before for v in given) or not any(v.name in _PICKS for v in given):
        return False
    top = q.chain(event.args[0])
    return not any(v.name in ("cat", "concat", "hstack") for v in top[:10]) and not any(
        v.name in ("cat", "concat") for v in given[:12]
    )
