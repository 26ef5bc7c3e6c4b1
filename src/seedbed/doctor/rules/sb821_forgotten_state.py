"""The hidden state is made anew at every time step.

## What it does

Finds loops over time in which the recurrent cell gets no state, or fresh zeros, at every step.

## Why is this bad

The network has no memory: its output depends on the last step only.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(4, 8)

    def forward(self, x):
        for t in range(x.size(1)):
            h = torch.zeros(x.size(0), 8)
            h = self.cell(x[:, t], h)
        return h
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(4, 8)

    def forward(self, x):
        h = torch.zeros(x.size(0), 8)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
        return h
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_CELLS = frozenset(["GRUCell", "LSTMCell", "RNNCell", "GRU", "LSTM", "RNN"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("forward", "invoke"):
        if not event.loops or id(event.node) in seen or not event.args or event.result is None:
            continue
        args = [*event.args, *event.kwargs.values()]
        if not any(_one_step(a, event) for a in args):
            continue
        cell = event.recv is not None and event.recv.name in _CELLS and event.kind == "forward"
        states = [a for a in args if _fresh(p, a, event)]
        if cell and len(args) == 1:
            if event.name in ("GRU", "LSTM", "RNN") and not _single(event):
                continue
            problem = f"{event.name} is called without its hidden state"
        elif states and (cell or _recurs(event, states[0])):
            problem = "the hidden state is reset to zeros"
        else:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB821",
            event,
            f"{problem} at every time step, inside the loop: the network has no memory",
            why="each step starts from nothing, so the output depends on the last input only",
            fix="Make the initial state before the loop and pass the state of the last step: h = cell(x[:, t], h)",
            related=(q.place(states[0]),) if states else (),
        )


def _one_step(val: Val, event: Event) -> bool:
    """Whether a value is one time step: ``x[:, t]`` with the counter of the innermost loop (or ``x[t]`` in a model)."""
    for one in q.chain(val, 6):
        if one.name == "element" and one.args and _by_steps(one.args[0], event):
            return True
        if one.name != "getitem" or len(one.args) < 2:
            continue
        keys = one.args[1].items or [one.args[1]]
        for at, key in enumerate(keys):
            found = key.args[0] if key.kind == "slice" and key.args else key
            step = found.const is None and q.is_counter(found) and _of_innermost(found, event)
            if step and (at == 1 or (event.depth > 0 and _stands_in(event))):
                return True
    return False


def _by_steps(walked: Val, event: Event) -> bool:
    """Whether a loop walks over the time steps: ``for step in x.unbind(1)``, or over what was turned in a model."""
    if event.loop is None or event.loop.over is None or not q.alike(event.loop.over, walked) or not _stands_in(event):
        return False
    if walked.name == "unbind":
        axis = walked.arg(1, "dim")
        return axis is not None and axis.const == 1
    return walked.name in ("transpose", "permute", "swapaxes", "movedim") and event.depth > 0


def _stands_in(event: Event) -> bool:
    """Whether the call stands in the lines of its loop: no loop over batches that calls the whole model."""
    loop = event.loop
    if loop is None or loop.src is not event.src:
        return False
    return getattr(loop.node, "lineno", 0) <= event.line <= (getattr(loop.node, "end_lineno", 0) or 0)


def _of_innermost(counter: Val, event: Event) -> bool:
    loop = event.loop
    if loop is None:
        return False
    low, high = getattr(loop.node, "lineno", 0), getattr(loop.node, "end_lineno", 0) or 0
    return low <= counter.line <= high


def _fresh(p: Program, val: Val, event: Event) -> bool:
    """Whether a state is zeros that were made in this round of the loop."""
    loop = event.loop
    parts = list(val.items) if val.items else [val]
    if loop is None or not parts:
        return False
    for part in parts:
        made = core(part)
        if made.name not in ("zeros", "zeros_like", "new_zeros"):
            return False
        around = made.loops or [r.node for e in p.makers(made.name) if e.result is made for r in e.loops]
        if not around or around[-1] is not loop.node:
            return False
    return True


def _recurs(event: Event, state: Val) -> bool:
    """Whether a function mixes its step and its state: the state goes through a layer together with the input."""
    found = list(ancestors(event.result, limit=200)) if event.result is not None else []
    return any(v is state for v in found) and any(v.name in ("Linear", "linear", "matmul") for v in found)


def _single(event: Event) -> bool:
    """Whether a sequence layer gets a sequence of one step."""
    return any(
        k.kind == "slice" or o.name == "unsqueeze"
        for a in event.args[:1]
        for o in q.chain(a, 4)
        for k in ((o.args[1].items or [o.args[1]]) if o.name == "getitem" and len(o.args) > 1 else [o])
    )
