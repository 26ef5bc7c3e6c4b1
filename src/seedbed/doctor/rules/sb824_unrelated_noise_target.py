"""The noise that a network should predict is not the noise that was added.

## What it does

Finds denoising losses whose target is noise that was drawn anew.

## Why is this bad

Fresh noise cannot be predicted: the best answer is zero, and nothing is learned.

## Example

```python
net = nn.Linear(2, 2)
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    noise = torch.randn_like(x0)
    xt = 0.8 * x0 + 0.6 * noise
    loss = F.mse_loss(net(xt), torch.randn_like(x0))
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net = nn.Linear(2, 2)
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    noise = torch.randn_like(x0)
    xt = 0.8 * x0 + 0.6 * noise
    loss = F.mse_loss(net(xt), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

NOISE = frozenset(["randn_like", "randn", "normal", "np_randn", "np_normal", "standard_normal", "rand_like"])
_LOSSES = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for pred, target, event in pairs(p):
        goal = core(target)
        if id(event.node) in seen or not pred.grad or target.grad:
            continue
        made = list(ancestors(pred, limit=3000))
        added = _noised(made, goal) if goal.name in NOISE and not any(v is goal for v in made) else None
        if added is not None:
            seen.add(id(event.node))
            yield p.report(
                "SB824",
                goal if goal.line else event,
                "the noise target is drawn anew: it is a second draw, independent noise, not the same noise that was "
                f"added to the input (line {added.line})",
                why="fresh noise cannot be predicted, so the network learns to put out zero",
                fix="Keep the noise that was added (noise = torch.randn_like(x)), pass it on (noise=noise), use the "
                "same noise as the target",
                related=(q.place(added), (str(event.src.path), event.line, "the loss")),
            )


def pairs(p: Program) -> Iterator[tuple[Val, Val, Event]]:
    """Predictions and targets of regressions that are trained, by the library or by hand."""
    for event in p.once("loss"):
        if event.name in _LOSSES and len(event.args) >= 2 and p.trained(event.result):
            yield event.args[0], event.args[1], event
            yield event.args[1], event.args[0], event
    for val, event in training.squared_errors(p):
        yield val.args[0], val.args[1], event
        yield val.args[1], val.args[0], event


def _noised(made: list[Val], goal: Val) -> Val | None:
    """The noise of the same kind that was added to the data from which the prediction is made."""
    for val in made:
        if val.name != "add" or len(val.args) != 2:
            continue
        for one, other in (val.args, val.args[::-1]):
            drawn = [v for v in (core(one), *[core(a) for a in core(one).args[:2]]) if v.name in NOISE]
            if any(v in drawn for v in ancestors(other, limit=300)):
                continue  # a branch of the very noise: it was the input, and was added to nothing
            if not drawn or other.kind == "const" or core(other).name in NOISE:
                continue
            same = [d for d in drawn if d.name == goal.name and d.loops == goal.loops and d is not goal]
            if same:
                return same[0]
    return None
