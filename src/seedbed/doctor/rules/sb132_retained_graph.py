"""Retain_graph=True hides a graph that is kept from step to step.

## What it does

Finds `retain_graph=True` in a loop in which each graph is used once.

## Why is this bad

It keeps the graph alive, hides a state that should be detached, and memory and time grow from step to step.

## Example

```python
hidden = torch.zeros(1, 8, 16)
rnn = nn.GRU(4, 16, batch_first=True)
head = nn.Linear(16, 1)
optimizer = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    out, hidden = rnn(x, hidden)
    loss = F.mse_loss(head(out[:, -1]), y)
    loss.backward(retain_graph=True)
    optimizer.step()
```

## Use instead

```python
hidden = torch.zeros(1, 8, 16)
rnn = nn.GRU(4, 16, batch_first=True)
head = nn.Linear(16, 1)
optimizer = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    hidden = hidden.detach()
    out, hidden = rnn(x, hidden)
    loss = F.mse_loss(head(out[:, -1]), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import rounds
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import CLOSED, CUTTING, Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    backs = [e for e in p.all("backward") if e.first]
    for event in p.once("backward"):
        flag = event.kwargs.get("retain_graph")
        if flag is None or flag.const is not True or not event.loops or event.name == "grad":
            continue
        others = [
            b for b in backs if b.node is not event.node and b.seq > event.seq and set(b.loops) & set(event.loops)
        ]
        if others or event.kwargs.get("create_graph") is not None:
            continue
        if any(e.name.endswith("autograd.grad") for e in p.all("call")):
            continue
        carried = _carried(p, event)
        if carried == "before":
            continue
        if not carried:
            yield p.report(
                "SB132",
                event,
                "retain_graph=True is not needed: nothing goes backward through this graph again",
                why="its buffers stay in memory until the next step, and an error that says what is wrong is hushed up",
                fix="Remove retain_graph=True",
                severity=Severity.HINT,
            )
            continue
        yield p.report(
            "SB132",
            event,
            "retain_graph=True keeps the graph of earlier steps: a hidden state or loss is carried over "
            "without detach()",
            why="backward() runs through all earlier batches (with weights that have changed since), and "
            "time and memory grow",
            fix="Remove retain_graph=True and detach what is carried from step to step (hidden = hidden.detach())",
            severity=Severity.HINT if carried == "perhaps" else None,
        )


def _carried(p: Program, event: Event) -> str:
    """Whether a loss hangs on the graph of an earlier round, ``""`` if not.

    ``"before"`` is a graph of before the loop, which every round goes through again; what is not seen through may
    hold one: ``"perhaps"``.
    """
    later = [b for b in p.all("backward") if b.node is event.node and b.recv is not None and any(b.rounds)]
    found = "" if later else "certain"
    for back in later:
        start, first = rounds.begin(p, back), _entered(p, back)
        parts = [v for v in _held(back.recv, _emptied(p, back)) if v.grad] if back.recv is not None else []
        made = [v.seq for v in parts if v.kind == "tensor" and v.args and v.name != "Parameter" and v.seq < start]
        if any(seq >= first for seq in made):
            return "certain"
        if any(v.kind == "unknown" or "opaque" in v.tags for v in parts):
            found = "perhaps"
        elif made:
            found = found or "before"
    return found


def _held(root: Val, dropped: set[int]) -> Iterator[Val]:
    """``root`` and what its graph holds: nothing behind a sampled or detached number, nor what was let go of."""
    stack, seen = [root], set(dropped)
    while stack and len(seen) < 4000:
        one = stack.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            cut = one.kind in ("tensor", "number") and (one.name in CUTTING or not one.grad)
            stack += () if cut or one.kind in CLOSED else one.inputs()


def _emptied(p: Program, back: Event) -> set[int]:
    """Ids of what earlier rounds put into lists that are emptied after every backward(), whatever branch that is in."""
    boxes: set[int] = set()
    for event in (*p.all("delete"), *p.calls("clear")):
        box = event.recv
        if box is not None and box.kind == "list" and box.name == "slice" and box.args:
            box = box.args[0]
        beside = event.loops == back.loops and {(id(c[0]), c[1]) for c in event.conds} <= {
            (id(c[0]), c[1]) for c in back.conds
        }
        if box is not None and box.kind == "list" and beside and event.seq > back.seq:
            boxes.add(id(box))
    start = rounds.begin(p, back)
    kept = [e for e in p.all("keep") if boxes and e.recv is not None and id(e.recv) in boxes and e.clock < start]
    return {id(a) for e in kept for a in e.args}


def _entered(p: Program, event: Event) -> int:
    """The moment at which the innermost loop that is not in its first round was entered."""
    loop = next((frame for frame, turn in zip(event.loops[::-1], event.rounds[::-1], strict=True) if turn), None)
    return next((e.clock for e in p.events if any(frame is loop for frame in e.loops)), 0)
