"""A learning-rate schedule that does not do what it should.

## What it does

Finds schedules that grow the learning rate, never reach their step, compound a power or a ramp, or leave the cosine's
pi out.

## Why is this bad

The learning rate explodes, vanishes within a few epochs, or never changes at all. Nothing reports it.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=10)
for epoch in range(30):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    scheduler.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.1)
for epoch in range(30):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    scheduler.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import curves, ownership, plans, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_GAMMA = {"StepLR": 2, "MultiStepLR": 2, "ExponentialLR": 1}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("scheduler"):
        made = event.result
        if made is None or made.kind != "scheduler" or event.recv is not None or id(event.node) in seen:
            continue
        problem = (
            _factor(p, made) or _never(p, made) or _function(made) or _floor(made) or curves.turned_warm_up(p, made)
        )
        problem = problem or plans.odd_factors(made, steps(p, made))
        if problem:
            seen.add(id(event.node))
            yield p.report("SB171", event, f"{made.name}: {problem[0]}", why=problem[1], fix=problem[2])
    by_hand = (*curves.by_hand(p), *curves.cut_per_batch(p), *curves.ramp_on_itself(p), *plans.odd_rates(p))
    for at, problem in (*_cosine_by_hand(p), *by_hand):
        yield p.report("SB171", at, problem[0], why=problem[1], fix=problem[2])
    yield from _by_hand(p)
    yield from _warm_up(p)
    yield from _compounding(p)


def _factor(p: Program, made: Val) -> tuple[str, str, str] | None:
    """A factor above one, or one that is gone after a few steps."""
    if made.name not in _GAMMA:
        return None
    gamma = made.number(_GAMMA[made.name], "gamma")
    if not isinstance(gamma, (int, float)) or isinstance(gamma, bool):
        return None
    if made.name == "ExponentialLR" and 1 < gamma <= 1.6:
        return None  # a learning-rate range test grows on purpose
    if gamma > 1:
        return (
            f"gamma={gamma:g} is above 1: the learning rate grows with every decay",
            "gamma is multiplied to the rate, so 10 makes it ten times larger, not smaller",
            f"Use a factor below one, such as gamma={1 / gamma:.3g}",
        )
    count = steps(p, made)
    if made.name == "ExponentialLR" and gamma > 0 and count is not None and gamma**count < 1e-8:
        return (
            f"gamma={gamma:g} over {count} steps leaves {gamma**count:.0e} of the learning rate",
            "the learning rate vanishes after the first few epochs, and training stands still",
            "Use a gamma near one, such as 0.95",
        )
    return None


def _floor(made: Val) -> tuple[str, str, str] | None:
    """A lowest rate above the first one: the cosine goes up."""
    if made.name not in ("CosineAnnealingLR", "CosineAnnealingWarmRestarts"):
        return None
    optimizer = made.arg(0, "optimizer")
    low = made.kwargs.get("eta_min") or made.arg(2 if made.name == "CosineAnnealingLR" else 3)
    if optimizer is None or optimizer.kind != "optimizer" or low is None or not isinstance(low.const, (int, float)):
        return None
    found = [r for r, _ in ownership.rates(optimizer) if isinstance(r, (int, float))]
    if not found or low.const <= max(found) or low.kind != "const":
        return None
    return (
        f"eta_min={low.const:g} is above the learning rate lr={max(found):g}: the rate rises instead of falling",
        "the cosine runs from lr to eta_min, so the warm end is where the cold one was meant",
        "Choose eta_min below the first learning rate (0 by default)",
    )


def _never(p: Program, made: Val) -> tuple[str, str, str] | None:
    """A step, milestone or patience that lies beyond the run."""
    count = steps(p, made)
    if count is None or count < 3 or any(e.recv is not None and e.recv.kind == "scheduler" for e in p.all("restore")):
        return None  # a schedule that is put back from a file goes on later
    said = ""
    if made.name == "StepLR":
        size = made.number(1, "step_size")
        said = f"step_size={size}" if isinstance(size, int) and size >= count else ""
    elif made.name == "MultiStepLR":
        marks = made.arg(1, "milestones")
        known = [i.const for i in marks.items] if marks is not None and marks.items else []
        if known and all(isinstance(k, int) and k >= count for k in known):
            said = f"milestones={known}"
    elif made.name == "ReduceLROnPlateau":
        patience = made.kwargs.get("patience")
        number = patience.const if patience is not None else None
        said = f"patience={number}" if isinstance(number, int) and number >= count else ""
    elif made.name == "CosineAnnealingLR":
        horizon = made.number(1, "T_max")
        said = f"T_max={horizon}" if isinstance(horizon, int) and horizon >= 4 * count else ""
    elif made.name == "LambdaLR" and "last_epoch" not in made.kwargs:
        return plans.unfinished(made, count)
    if not said:
        return None
    return (
        f"{said} is never reached: scheduler.step() runs only {count} times, the learning rate (almost) never changes",
        "the schedule counts calls of its step(), so its decay lies beyond the end of the run",
        f"Choose a value that fits {count} steps",
    )


def steps(p: Program, made: Val) -> int | None:
    """How often a schedule is stepped, when the loops around its one call are known."""
    places = {id(e.node): e for e in p.all("schedule") if q.same(e.recv, made)}
    if len(places) != 1:
        return None
    event = next(iter(places.values()))
    if event.conds:
        return None
    count = 1
    for loop in event.loops:
        times = rounds.how_many(loop)
        if times is None:
            return None
        count *= times
    return count if event.loops else None


def _function(made: Val) -> tuple[str, str, str] | None:
    """What is wrong with the function of a LambdaLR or MultiplicativeLR."""
    func = made.arg(1, "lr_lambda")
    if made.name not in ("LambdaLR", "MultiplicativeLR") or func is None or func.kind != "func":
        return None
    node = func.owner.node
    params = {a.arg for a in node.args.args}
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    parts = [n for s in body for n in syntax.walk(s)]
    if made.name == "MultiplicativeLR" and any(_power(n, params) for n in parts):
        return (
            "the factor holds a power of the epoch, but it is multiplied to the current rate in every step",
            "MultiplicativeLR compounds its factors, so 0.95**epoch decays far too fast",
            "Return the constant factor (0.95), or use LambdaLR",
        )
    reads = any(isinstance(n, ast.Name) and n.id in params for n in parts)
    fixed = node.body.value if isinstance(node, ast.Lambda) and isinstance(node.body, ast.Constant) else 1
    if made.name == "LambdaLR" and not reads and fixed != 1:
        return (
            f"the function always returns {fixed!r}: the learning rate does not decay",
            "LambdaLR multiplies the first rate by the returned factor; a constant gives a constant rate",
            "Return a factor that depends on the epoch, or use MultiplicativeLR",
        )
    return _cosine(parts) or curves.formula([*body], f"{func.owner.name} {made.var}") or _grows(made, parts)


def _grows(made: Val, parts: list[ast.AST]) -> tuple[str, str, str] | None:
    """A warm-up without an end: the factor goes on rising beyond one."""
    items = made.attrs["factors"].items if "factors" in made.attrs else None
    numbers = [i.const for i in items or [] if i.kind == "const" and isinstance(i.const, (int, float))]
    if made.name != "LambdaLR" or not items or len(numbers) != len(items):
        return None
    if numbers[-1] <= 50 or numbers != sorted(numbers) or any(isinstance(n, ast.Pow) for n in parts):
        return None
    return (
        f"the factor grows without an end ({numbers[7]:.3g} at step 100, {numbers[10]:.3g} at step 1000): the warm-up "
        "never stops",
        "after the warm-up the learning rate keeps growing above the base rate, and training diverges",
        "Bound it: min(1.0, (step + 1) / warmup)",
    )


def _cosine_by_hand(p: Program) -> Iterator[tuple[Event | Val, curves.Problem]]:
    """The same in a function that sets the rate itself."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event) or not event.loops:
            continue
        for val in ancestors(event.args[-1], limit=30):
            if val.name == "cos" and isinstance(val.node, ast.Call) and id(val.node) not in seen:
                seen.add(id(val.node))
                problem = _cosine([val.node])
                if problem is not None:
                    yield val if val.src is not None else event, problem


def _cosine(parts: list[ast.AST]) -> tuple[str, str, str] | None:
    for n in parts:
        if isinstance(n, ast.Call) and syntax.text(n.func).rsplit(".", 1)[-1] == "cos" and n.args:
            text = syntax.text(n.args[0])
            turns = any(w in text for w in ("pi", "PI", "3.14", "180", "90", "angle", "phase", "theta", "rad"))
            if not turns and "/" in text:
                return (
                    f"cos({text}) has no pi: over the run it only moves a part of the way down",
                    "half a cosine wave needs an angle from 0 to pi",
                    "Write cos(math.pi * progress)",
                )
    return None


def _power(node: ast.AST, names: set[str]) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and any(isinstance(n, ast.Name) and n.id in names for n in syntax.walk(node.right))
    )


def _by_hand(p: Program) -> Iterator[Finding]:
    """``group["lr"] *= gamma ** epoch``: the power is applied to a rate that already holds the earlier ones."""
    for loop in q.nodes(p, ast.For):
        names = {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}
        for n in syntax.below(loop, ast.AugAssign, ast.Assign):
            if isinstance(n, ast.AugAssign) and isinstance(n.op, (ast.Mult, ast.Div)) and _is_rate(n.target):
                value = n.value
            elif isinstance(n, ast.Assign) and len(n.targets) == 1 and _is_rate(n.targets[0]):
                value = n.value
                if not any(_is_rate(v) and isinstance(v, ast.Subscript) for v in syntax.walk(value)):
                    continue
            else:
                continue
            if any(_power(v, names) for v in syntax.walk(value)):
                yield p.report(
                    "SB171",
                    (n, p.source),
                    "the learning rate is multiplied by a power of the epoch in every epoch: the decay compounds",
                    why="the rate already holds the factors of the earlier epochs, so it vanishes within a few epochs",
                    fix='Start from the first rate: group["lr"] = base_lr * gamma ** epoch',
                )


def _compounding(p: Program) -> Iterator[Finding]:
    """The same in a helper function that gets the epoch as an argument."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        val = event.args[-1] if event.args else None
        if val is None or not q.is_rate(event) or val.name not in ("mul", "div") or not event.loops or not event.funcs:
            continue
        powers = [a for a in val.args if a.name == "pow" and len(a.args) == 2]
        old = [a for a in val.args if any(v.const == "lr" for v in ancestors(a, limit=8))]
        moving = [w for w in powers if any(v.name == "int" for v in ancestors(w.args[1], limit=12))]
        if not moving or not old or id(event.node) in seen:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB171",
            event,
            "the learning rate is multiplied by a power of the epoch in every epoch: the decay compounds",
            why="the current rate was already decayed in the earlier epochs, so it vanishes within a few epochs",
            fix='Start from the initial rate: group["lr"] = base_lr * gamma ** epoch',
        )


def _warm_up(p: Program) -> Iterator[Finding]:
    """``group["lr"] = base * step / warmup`` without an end."""
    seen: set[int] = set()
    for event in p.all("setitem"):
        if not q.is_rate(event) or not event.loops or id(event.node) in seen:
            continue
        val = event.args[-1]
        for _ in range(4):
            if val.name == "mul" and any(a.name in ("div", "mul") for a in val.args):
                val = next(a for a in val.args if a.name in ("div", "mul"))
        if (
            val.name != "div"
            or len(val.args) != 2
            or event.conds_in(event.loops[0])
            or not isinstance(val.node, ast.BinOp)
        ):
            continue
        below = syntax.text(val.node.right).lower()
        if "warm" not in below or any(isinstance(n, (ast.Call, ast.IfExp)) for n in syntax.walk(val.node)):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB171",
            event,
            "the warm-up of the learning rate has no end: the rate grows with every step beyond the base rate",
            why=f"step / {below} goes on above 1 after the warm-up, and training diverges",
            fix="Bound it: base_lr * min(1.0, step / warmup)",
        )


def _is_rate(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == "lr"
