"""The wrong axis or step is taken as the last output of the sequence.

## What it does

Finds a last time step that is taken from the wrong axis.

## Why is this bad

With `batch_first=True`, `out[-1]` is the last sample of the batch, not the last step of every sample.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[-1])
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import tokens
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_WHY = "the prediction does not see the whole sequence of its own sample"
_FIX = "Use out[:, -1] with batch_first=True, out[-1] without it (or the final hidden state h[-1])"


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _halves(p)
    for event in p.once("getitem"):
        if event.recv is None or not event.args:
            continue
        yield from _first_layer(p, event)
        yield from _one_direction(p, event)
        for out in event.recv.options():
            if out.name != "recurrent" or out.owner is None:
                continue
            flag = out.owner.kwargs.get("batch_first")
            first = flag is not None and flag.const is True
            key = event.args[0]
            parts = key.items or [key]
            problem, why, fix = "", _WHY, _FIX
            if first and len(parts) in (1, 2, 3) and parts[0].const == -1:
                problem = "out[-1] takes the last sample of the batch, because batch_first=True"
            elif (
                not first
                and (flag is None or flag.const is False)
                and len(parts) >= 2
                and parts[0].kind == "slice"
                and parts[1].const == -1
            ):
                if tokens.leading_axis(out.args[0] if out.args else out) != "batch":
                    problem = "out[:, -1] takes the last sample of the batch, because batch_first is False"
            elif (
                first and len(parts) >= 2 and parts[0].kind == "slice" and parts[1].const == 0 and not _both(out.owner)
            ):
                problem = "out[:, 0] takes the first time step, which has seen only one input"
            last = len(parts) >= 2 and parts[0].kind == "slice" and parts[1].const == -1
            if not problem and _both(out.owner) and (last if first else parts[0].const == -1) and not _half(parts):
                if _other_end(p, out, first):
                    continue
                problem = "the last step of a bidirectional layer has seen one token only in its backward direction"
                why = "half of the features, those of the backward direction, know nothing of the rest of the sequence"
                fix = "Use the final states of both directions: torch.cat([h[-2], h[-1]], dim=1)"
            if problem:
                yield p.report(
                    "SB228",
                    event,
                    f"the wrong time step or axis is used as the output of the sequence: {problem}",
                    why=why,
                    fix=fix,
                )


def _other_end(p: Program, out: Val, batch_first: bool) -> bool:
    """Whether the first time step of an output is taken too: there its backward direction has seen everything."""
    for event in p.all("getitem"):
        if event.recv is None or not event.args or not any(o is out for o in event.recv.options()):
            continue
        parts = event.args[0].items or [event.args[0]]
        step = parts[1] if batch_first and len(parts) > 1 else parts[0] if not batch_first else None
        if step is not None and step.const == 0 and type(step.const) is int:
            return True
    return False


def _first_layer(p: Program, event: Event) -> Iterator[Finding]:
    """``h[0]`` of a stacked layer: the state of its lowest layer."""
    key = event.args[0]
    for state in event.recv.options() if event.recv is not None else ():
        if state.name != "state" or state.owner is None or key.const != 0 or isinstance(key.const, bool):
            continue
        depth = state.owner.arg(2, "num_layers")
        many = depth is not None and isinstance(depth.const, int) and depth.const > 1
        if many and event.depth and not _both(state.owner) and len(_picked(p, state)) == 1:
            yield p.report(
                "SB228",
                event,
                "h[0] is the state of the first layer of the stack (num_layers > 1), not of the last one",
                why="the layers above it have no influence on the output",
                fix="Use h[-1]",
            )


def _one_direction(p: Program, event: Event) -> Iterator[Finding]:
    """``h[-1]`` of a bidirectional layer, and nothing else of its state or output: one direction is lost."""
    key = event.args[0]
    for state in event.recv.options() if event.recv is not None else ():
        if state.name != "state" or state.owner is None or not _both(state.owner) or type(key.const) is not int:
            continue
        sides = [e.result for e in p.all("forward") if e.recv is state.owner and e.result is not None]
        outs = [o for s in sides for o in (s.items or ())[:1]]
        if (
            not event.depth
            or len(_picked(p, state)) != 1
            or any(u.kind != "tuple" for o in outs for u in q.users(p, o))
        ):
            continue
        if any(u.name != "getitem" for u in q.users(p, state) if u.kind != "tuple") or "cell" in state.tags:
            continue
        yield p.report(
            "SB228",
            event,
            f"h[{key.const}] of a bidirectional layer is the state of one direction only",
            why="the other direction is computed but has no influence on the output",
            fix="Join both directions: torch.cat([h[-2], h[-1]], dim=1)",
        )


def _picked(p: Program, state: Val) -> set[int]:
    """The places that read items of a state."""
    return {id(e.node) for e in p.all("getitem") if e.recv is not None and any(o is state for o in e.recv.options())}


def _halves(p: Program) -> Iterator[Finding]:
    """A concatenation that takes the same direction of a bidirectional layer twice."""
    for event in p.first_makers("cat"):
        made = event.result
        if made is None or made.name != "cat" or not made.args or len(made.args[0].items or ()) != 2:
            continue
        pair = made.args[0].items or []
        a, b = pair[0], pair[1]
        if not (a.name == b.name == "getitem" and len(a.args) > 1 and len(b.args) > 1 and a.args[0] is b.args[0]):
            continue
        layer = a.args[0].owner
        depth = layer.number(2, "num_layers") if layer is not None else 1
        low = sorted(i for i in (a.args[1].const, b.args[1].const) if isinstance(i, int))
        if a.args[0].name == "state" and low == [0, 1] and isinstance(depth, int) and depth > 1 and _both(layer):
            yield p.report(
                "SB228",
                event,
                f"h[0] and h[1] are the states of the first layer: the layer is stacked (num_layers={depth})",
                why="the layers above it have no influence on the output",
                fix="Use torch.cat([h[-2], h[-1]], dim=1)",
            )
        if a.args[0].name == "state" and a.args[1].const == b.args[1].const and isinstance(a.args[1].const, int):
            yield p.report(
                "SB228",
                event,
                f"h[{a.args[1].const}] is taken twice: one direction of the bidirectional layer is missing",
                why="the last states of the two directions are h[-2] (forward) and h[-1] (backward)",
                fix="Use torch.cat([h[-2], h[-1]], dim=1)",
            )


def _half(parts: list[Val]) -> bool:
    """Whether only the features of the forward direction are taken."""
    if len(parts) < 3 or parts[2].kind != "slice":
        return False
    return parts[2].args[0].is_none and not parts[2].args[1].is_none


def _both(layer: Val) -> bool:
    flag = layer.kwargs.get("bidirectional")
    return flag is not None and flag.const is True
