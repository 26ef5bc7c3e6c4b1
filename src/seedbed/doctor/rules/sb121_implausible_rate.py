"""The learning rate is far outside what this optimizer works with.

## What it does

Finds a learning rate that is far outside what the optimizer works with.

## Why is this bad

Adam's steps are about as large as its learning rate: 0.1 throws the weights around. A rate near zero never
moves them.

## Example

```python
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
```
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, rangetest
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.layers import ACTIVATIONS
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_HIGH = {
    **dict.fromkeys(("Adam", "AdamW", "NAdam", "RAdam", "RMSprop"), 0.1),
    "Adamax": 0.3,
    "SGD": 2.0,
    "Lion": 0.01,
}
_LOW_TUNING = 1e-7


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, modules in ownership.optimizers(p):
        deep = sum(
            m.name.startswith(ownership.WEIGHTED) for one in modules for m in methods.submodules(one)
        ) > 1 or any("external" in m.tags for m in modules)
        if _shows_both_ends(p, optimizer) or any(f.name.startswith("test_") for f in event.funcs):
            continue  # a test of the code looks at one step, or wants none
        for rate, decay in _used(optimizer):
            if not isinstance(rate, (int, float)) or isinstance(rate, bool):
                continue
            limit = _HIGH.get(optimizer.name)
            if rate == 0:
                problem, fix = "is zero: nothing is learned", "Use a learning rate above zero"
            elif limit is not None and rate >= limit and modules and (deep or rate >= 5 * limit):
                if optimizer.name == "SGD" and p.all("clip"):
                    continue  # with bounded gradients large rates are usual in language models
                if rate < 5 * limit and _memorised(p, modules, texts=rate <= limit):
                    continue  # XOR and the like: a handful of rows learned by heart
                if _set_later(p, optimizer) or _goalless(p) or (event.conds and p.all("manual")):
                    continue  # with hand-written steps besides, the rate may be theirs
                problem = f"is far too large for {optimizer.name}: the loss jumps or diverges"
                fix = "Use about 1e-3 for Adam-like optimizers, 1e-2 to 1e-1 for SGD"
            elif 0 < rate <= 1e-6 and modules and not (rate >= _LOW_TUNING and _pretrained(modules)):
                problem, fix = (
                    "is so small that the weights hardly move",
                    "Use about 1e-3 for Adam-like optimizers, 1e-2 for SGD",
                )
            else:
                continue
            scheduled = any(
                e.result is not None and e.result.name in ("LambdaLR", "OneCycleLR", "CyclicLR")
                for e in p.makers("LambdaLR", "OneCycleLR", "CyclicLR")
            )
            tried = rangetest.swept(event) or any(
                rangetest.raises(p, s) for s in p.all("step") if s.recv is optimizer or q.same(s.recv, optimizer)
            )
            by_hand = rate == 0 and (any(q.is_rate(e) for e in p.all("setitem")) or _writes_rates(p))
            if (
                scheduled
                or tried
                or by_hand
                or _restored(p, event, optimizer)
                or (isinstance(decay, (int, float)) and decay >= 0.5)
            ):
                continue
            yield p.report(
                "SB121",
                _spelled(event, optimizer, rate),
                f"the learning rate lr={rate:g} {problem}",
                why="the size of a step is set by the learning rate",
                fix=fix,
                lr=rate,
            )


def _pretrained(modules: list[Val]) -> bool:
    """Whether weights come with a library: after them such a small rate is usual (preferences, rewards)."""
    return any("external" in m.tags for one in modules for m in methods.submodules(one))


def _used(optimizer: Val) -> list[tuple[object, object]]:
    """The rates with their decays, without a default that no parameter group uses."""
    found = ownership.rates(optimizer)
    groups = (optimizer.args[0].items or []) if optimizer.args and optimizer.args[0].kind == "list" else []
    own = groups and all(g.kind == "dict" and "lr" in g.attrs for g in groups)
    return found[1:] if own else found


def _shows_both_ends(p: Program, optimizer: Val) -> bool:
    """Whether a lesson sets one rate that is far too large and one that is far too small side by side."""
    found = [r for _, o, _ in ownership.optimizers(p) if o.name == optimizer.name for r, _ in ownership.rates(o) if r]
    known = [r for r in found if isinstance(r, (int, float))]
    return bool(known) and min(known) <= 1e-6 and max(known) >= 1


def _goalless(p: Program) -> bool:
    """Whether the outputs themselves are summed, for random inputs: that tries the machinery and learns nothing."""
    backs = [b.recv for b in p.all("backward") if b.recv is not None]
    return bool(backs) and all(b.name in ("sum", "mean") and b.args and _of_noise(b.args[0]) for b in backs)


def _of_noise(output: Val) -> bool:
    """Whether an output is that of layers alone, for one random input."""
    while (output.owner is not None or output.name in ACTIVATIONS) and len(output.args) == 1:
        output = output.args[0]
    return output.name in ("rand", "randn")


def _set_later(p: Program, optimizer: Val) -> bool:
    """Whether the program writes rates into groups, at a place that was not reached: the steps were not seen."""
    return not any(q.same(s.recv, optimizer) for s in p.all("step")) and _writes_rates(p)


def _writes_rates(p: Program) -> bool:
    """Whether rates are written into parameter groups anywhere, reached or not: ``group["lr"] = ...``."""
    targets = (t for n in q.everywhere(p, ast.Assign) for t in n.targets)
    return any(
        isinstance(t, ast.Subscript) and isinstance(t.slice, ast.Constant) and t.slice.value == "lr" for t in targets
    )


def _restored(p: Program, event: Event, optimizer: Val) -> bool:
    """Whether the rate comes from a checkpoint after all."""
    own = {(id(c[0]), c[1]) for c in event.conds}
    return any(
        q.same(e.recv, optimizer) and e.seq > event.seq and {(id(c[0]), c[1]) for c in e.conds} <= own
        for e in p.all("restore")
    )


def _memorised(p: Program, modules: list[Val], texts: bool) -> bool:
    """Whether all that the modules are trained on is one small batch that is written out in the program."""
    inputs = [e.args[0] for e in p.all("forward") if e.args and not e.depth and any(e.recv is m for m in modules)]
    small = all(_is_small(v) for v in inputs) or (texts and all(_is_sentence(v) for v in inputs))
    return bool(inputs) and small


def _is_sentence(val: Val) -> bool:
    """Whether a batch is a text that was typed in, cut into windows that are all learned at once."""
    if val.kind != "tensor" or val.name in ("item", "batch"):
        return False
    texts = [v.const for v in ancestors(val, limit=200) if isinstance(v.const, str) and " " in v.const]
    return len(texts) == 1 and 20 <= len(texts[0]) <= 1000


def _is_small(val: Val) -> bool:
    """Whether a batch holds so few numbers that they were typed in."""
    shape = val.shape
    typed = any(v.kind == "list" and v.items for v in ancestors(val, limit=40))
    return typed and shape is not None and None not in shape and math.prod(n or 0 for n in shape) <= 64


def _spelled(event: Event, optimizer: Val, rate: object) -> Event | Val:
    """Where the rate is written, if it is the one of the optimizer itself and not of a group."""
    val = optimizer.kwargs.get("lr") or optimizer.arg(1)
    return q.spelled(event, val) if val is not None and val.const == rate else event
