"""The moving average is updated too rarely to forget its start.

## What it does

Finds exponential moving averages that are updated once per epoch, so few times that the initial weights still weigh
much at the end.

## Why is this bad

With a decay of 0.99 and 10 updates, 90 % of the average are still the random initial weights.

## Example

```python
import copy
model = nn.Linear(4, 3)
ema_model = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    with torch.no_grad():
        for pe, pm in zip(ema_model.parameters(), model.parameters()):
            pe.lerp_(pm, 0.01)
```

## Use instead

```python
import copy
model = nn.Linear(4, 3)
ema_model = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            for pe, pm in zip(ema_model.parameters(), model.parameters()):
                pe.lerp_(pm, 0.01)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, rounds
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors

_LEFT = 0.2  # share of the start at the end


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.once("inplace", "average"):
        held = event.kind == "average"
        share = _share_of_call(event) if held else _share(event)
        around = [r for r in event.loops if not _over_weights(r)]
        if share is None or not 0 < share <= 0.3 or not around or event.recv is None or id(around[-1].node) in seen:
            continue
        epoch = around[-1]
        inner = [s for s in p.all("step") if epoch in s.loops and s.loops[-1] is not epoch]
        direct = [s for s in p.all("step") if s.loops and s.loops[-1] is epoch]
        if not inner or direct or not any(rounds.is_loader_loop(s.loops[-1]) for s in inner):
            continue
        if not held and not _average(event):
            continue
        count = _count(around)
        copies = int(held and not _begun(p, event))  # the first update of all takes the weights as they are
        left = (1 - share) ** (count - copies) if count is not None else 0.0
        if left < _LEFT:
            continue
        seen.add(id(epoch.node))
        yield p.report(
            "SB623",
            q.site(event, epoch),
            f"the moving average (EMA) is updated once per epoch, only {count} times: {left:.0%} of it are still the "
            + ("weights of the first epoch" if copies else "initial weights"),
            why=f"each update moves it by {share:.2g} of the way; it should follow after every step of the optimizer",
            fix="Update the average in the batch loop, right after optimizer.step(), or use a smaller decay",
            left=left,
        )


def _share_of_call(event: Event) -> float | None:
    """The same of ``AveragedModel.update_parameters()`` with torch's own exponential average."""
    average = event.recv
    if event.name != "update_parameters" or average is None or average.name != "AveragedModel":
        return None
    how = average.kwargs.get("multi_avg_fn", average.kwargs.get("avg_fn"))
    if how is None or how.name not in ("get_ema_multi_avg_fn", "get_ema_avg_fn"):
        return None
    decay = how.arg(0, "decay")
    kept = 0.999 if decay is None else decay.const if decay.kind == "const" else None
    return 1 - kept if isinstance(kept, float) and 0 < kept < 1 else None


def _begun(p: Program, event: Event) -> bool:
    """Whether an average has been given weights before the loop."""
    return any(e.seq < event.seq and e.recv is event.recv and e.node is not event.node for e in p.all("average"))


def _share(event: Event) -> float | None:
    """How far one update moves the average, when that is a number."""
    val: Val | None = None
    if event.name == "lerp_":
        val = event.arg(1, "weight")
    elif event.name == "add_" and event.recv is not None and event.recv.name == "mul_":
        factor = event.recv.args[1] if len(event.recv.args) > 1 else None
        kept = factor.const if factor is not None and factor.kind == "const" else None
        return 1 - kept if isinstance(kept, float) and 0 < kept < 1 else None
    elif event.name == "copy_" and event.args and event.args[0].name == "add":
        numbers = [
            a.const
            for term in event.args[0].args
            for a in term.args
            if term.name == "mul" and a.kind == "const" and isinstance(a.const, float)
        ]
        return min(numbers) if len(numbers) == 2 and abs(sum(numbers) - 1) < 1e-6 else None
    return val.const if val is not None and val.kind == "const" and isinstance(val.const, float) else None


def _average(event: Event) -> bool:
    """Whether what is moved belongs to a copy of the model, or to copies of its weights."""
    if event.recv is None:
        return False
    return any(
        v.name in ("clone", "parameter", "buffers") or "deepcopy" in v.tags for v in ancestors(event.recv, limit=40)
    ) and bool(ownership.modules_of(event.recv))


def _over_weights(loop: LoopRun) -> bool:
    over = loop.over
    parts = over.args if over is not None and over.name == "zip" else ()
    if any(rounds.is_loader_loop(LoopRun(loop.node, loop.src, part)) for part in parts):
        return False
    return over is not None and any(
        v.kind in ("params", "state") or v.name in ("zip", "items", "values") for v in ancestors(over, limit=12)
    )


def _count(loops: list[LoopRun]) -> int | None:
    """How often a statement runs, when all loops around it are ranges of known length."""
    count = 1
    for loop in loops:
        over = rounds.base_of_loop(loop)
        if (
            over is None
            or over.name != "range"
            or not all(isinstance(a.const, int) for a in over.args)
            or not over.args
        ):
            return None
        count *= len(range(*(a.const for a in over.args)))
    return count
