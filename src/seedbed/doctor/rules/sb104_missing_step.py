"""Optimizer.step() is never called: the weights never change.

## What it does

Finds training code that makes an optimizer and calls `backward()` but never `optimizer.step()`.

## Why is this bad

Gradients are computed and never used: the weights stay as they were initialised.

## Example

```python
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
```

## Use instead

```python
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax, unseen
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _only_when_better(p)
    yield from _schedule_instead(p)
    if not p.complete:
        return
    backs = [e for e in p.all("backward") if e.loops]
    made = [
        e for e in p.makers("optimizer") if e.result is not None and e.result.kind == "optimizer" and e.recv is None
    ]
    made += [e for e in p.all("make") if e.result is not None and e.result.kind == "optimizer"]
    steps = p.all("step")
    vague = [s for s in steps if s.recv is not None and any(o.kind != "optimizer" for o in s.recv.options())]
    uncalled = [
        e for e in p.all("discard") if e.result is not None and e.result.kind == "method" and e.result.name == "step"
    ]
    if not backs or vague or uncalled or unseen.calls(p, "step"):
        return
    for event in made:
        optimizer = event.result
        if any(q.alike(s.recv, optimizer) for s in steps):
            continue
        if steps and not _goes_round(p, optimizer, backs):
            continue
        if not steps and any(_takes(e, optimizer) for e in p.all("call")):
            continue
        if optimizer is not None and _moved_by_hand(p, optimizer):
            continue
        if optimizer is not None and any(_updates(e, optimizer) for e in p.all("manual")):
            continue
        if not steps and optimizer is not None and not _reached(p, optimizer, backs):
            continue  # the gradients of other models are looked at
        yield p.report(
            "SB104",
            _instead(p, optimizer) or (event if steps else backs[-1]),
            f"{_called(optimizer)}.step() is never called: the weights never change",
            why="backward() only fills .grad; nothing applies it, so the model stays untrained",
            fix="Call optimizer.step() after loss.backward()",
            related=((str(event.src.path), event.line, "the optimizer"),),
        )


def _updates(event: Event, optimizer: Val) -> bool:
    """Whether an update that is written out may change what an optimizer holds: all but weights of other modules."""
    if event.recv is None:
        return False
    own = ownership.held(optimizer)
    owners = [v.args[0] for v in q.memory(event.recv) if v.name in ("parameter", "Parameter") and v.args]
    known = own and owners and all(o.kind == "module" for o in owners)
    return not known or any(ownership.related(h, o) for h in own for o in owners)


def _reached(p: Program, optimizer: Val, backs: list[Event]) -> bool:
    """Whether one of these backward() fills the gradients of what an optimizer holds, as far as both are known."""
    table, own = p.backward_sources(), ownership.held(optimizer)
    outs = {
        id(e.result)
        for e in p.all("forward")
        for o in (e.recv.options() if e.recv is not None else ())
        if o.kind == "module" and any(ownership.related(h, o) for h in own)
    }
    return not outs or any(b.seq not in table or table[b.seq] & outs for b in backs)


def _goes_round(p: Program, optimizer: Val | None, backs: list[Event]) -> bool:
    """Whether an optimizer is cleared in a loop that trains: cleared once, its gradients are only looked at."""
    own = [e for e in p.all("clear") if e.loops and q.same(e.recv, optimizer)]
    return any(b.inside(loop) for e in own for loop in e.loops for b in backs)


def _called(optimizer: Val | None) -> str:
    return optimizer.var.rsplit(".", 1)[-1] if optimizer is not None and optimizer.var else "optimizer"


def _instead(p: Program, optimizer: Val | None) -> Event | None:
    """A step of another optimizer right after this one was cleared and a loss went backward: the wrong one."""
    order = p.all("clear", "backward", "step")
    for clear, back, step in zip(order, order[1:], order[2:], strict=False):
        if (clear.kind, back.kind, step.kind) != ("clear", "backward", "step") or clear.loops != step.loops:
            continue
        if q.same(clear.recv, optimizer) and not q.same(step.recv, optimizer):
            return step
    return None


def _takes(event: Event, optimizer: Val | None) -> bool:
    """Whether a library that gets the optimizer may step it."""
    made = event.result
    known = made is not None and (
        made.kind in ("scheduler", "optimizer") or any(i is optimizer for i in made.items or ())  # handed back
    )
    given = any(v is optimizer for v in (*event.args, *event.kwargs.values()))
    return given and not known and event.name not in (".unscale_", "builtins.print", "builtins.len")


def _moved_by_hand(p: Program, optimizer: Val) -> bool:
    """Whether a class of the program steps in a method of its own, such as ``first_step()``."""
    usual = ("__init__", "zero_grad", "state_dict", "load_state_dict")
    return optimizer.owner is not None and any(
        f.owner is optimizer.owner and f.name not in usual for e in p.events for f in e.funcs
    )


def _only_when_better(p: Program) -> Iterator[Finding]:
    """``if loss < best: optimizer.step()``: the batches with a larger loss are never learned."""
    for step in p.once("step"):
        loop = step.loop
        if loop is None:
            continue
        for cond in step.conds_in(loop):
            tests = [v for v in ancestors(cond[2], limit=30) if v.name == "compare" and len(v.args) == 2]
            if not tests or cond[1] != 0 or not isinstance(cond[0], ast.If):
                continue
            text = syntax.text(cond[0].test)
            lost = any(v.name == "loss" for v in ancestors(tests[0], limit=80))
            if (
                not lost
                or not re.search(r"\b(best|lowest|min)\w*", text)
                or any(q.in_arm(b, cond) for b in p.all("backward"))
            ):
                continue
            yield p.report(
                "SB104",
                step,
                "optimizer.step() runs only when the loss is a new best: all other batches are never learned",
                why=f"it stands inside `if {text}`, so most gradients are thrown away",
                fix="Move optimizer.step() out of the branch that keeps the best loss",
            )
            return


def _schedule_instead(p: Program) -> Iterator[Finding]:
    """``if scheduler: scheduler.step()`` and ``else: optimizer.step()``: with a schedule nothing is ever learned."""
    for node in q.nodes(p, ast.If):
        asked = node.test.left if isinstance(node.test, ast.Compare) else node.test
        name = syntax.text(asked)
        if not set(words(name.rsplit(".", 1)[-1])) & _SCHEDULES or len(node.body) != 1:
            continue
        first, others = _stepped(node.body), _stepped(node.orelse)
        if first != {name} or not others or name in others:
            continue
        around = [s for s in q.nodes(p, ast.For, ast.While) if any(n is node for n in syntax.walk(s))]
        if not around or _steps_itself(p):
            continue
        inside = syntax.walk(around[-1])
        learns = any(isinstance(n, ast.Attribute) and n.attr == "backward" for n in inside)
        in_all = [n for n in inside if isinstance(n, ast.Call) and syntax.text(n.func) in {f"{o}.step" for o in others}]
        if learns and len(in_all) == len(others):
            yield p.report(
                "SB104",
                (node.orelse[0], p.source),
                f"{next(iter(others))}.step() runs only where there is no {name}: with a schedule the weights never "
                "change",
                why=f"it stands in the else branch of `if {syntax.text(node.test)}`, so either the rate is moved or "
                "the weights are",
                fix=f"Call {next(iter(others))}.step() in every round, and {name}.step() after it",
            )
            return


_SCHEDULES = frozenset(["scheduler", "sched", "schedule", "lr_scheduler", "annealer", "warmup"])


def _stepped(block: list[ast.stmt]) -> set[str]:
    """What ``.step()`` is called of without an argument, in a block of such calls only."""
    calls = [s.value for s in block if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
    plain = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "step" and not c.args]
    if len(plain) != len(block):
        return set()
    return {syntax.text(c.func.value) for c in plain if isinstance(c.func, ast.Attribute)}


def _steps_itself(p: Program) -> bool:
    """Whether a class of the program has a ``step()`` that steps something else: an optimizer with its schedule."""
    for func in q.nodes(p, ast.FunctionDef):
        calls = [n for n in syntax.walk(func) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        if func.name == "step" and any(isinstance(c.func, ast.Attribute) and c.func.attr == "step" for c in calls):
            return True
    return False
