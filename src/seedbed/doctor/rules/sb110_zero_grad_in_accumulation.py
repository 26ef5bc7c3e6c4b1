"""Zero_grad() in every micro-batch undoes the accumulation.

## What it does

Finds `zero_grad()` in every micro-batch although the optimizer steps only after several of them.

## Why is this bad

The gradients of all micro-batches but the last are erased: the large batch is never formed.

## Example

```python
for i, (x, y) in enumerate(loader):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y) / 4
    loss.backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
```

## Use instead

```python
for i, (x, y) in enumerate(loader):
    loss = loss_fn(model(x), y) / 4
    loss.backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for step in p.once("step"):
        loop = step.loop
        if loop is None:
            continue
        due = [c for c in step.conds_in(loop) if c[1] == 0 and any(v.name == "mod" for v in ancestors(c[2]))]
        if not due or any(q.in_arm(b, c) for b in p.all("backward") for c in due):
            continue  # with a backward() of its own the step does not wait for several batches
        for clear in p.once("clear"):
            if clear.loop is None or clear.loop.node is not loop.node or clear.conds_in(clear.loop):
                continue
            if clear.recv is not None and clear.recv.kind == "optimizer" and not q.same(clear.recv, step.recv):
                continue
            if not any(
                b.loop is not None and b.loop.node is loop.node and not b.conds_in(b.loop) for b in p.all("backward")
            ):
                continue
            yield p.report(
                "SB110",
                clear,
                "zero_grad() runs in every micro-batch: gradient accumulation has no effect",
                why="the optimizer steps only every few batches, but the gradients of the earlier ones are "
                "erased (discarded) before it does: only the last micro-batch counts",
                fix="Call zero_grad() only after optimizer.step()",
                related=((str(step.src.path), step.line, "the step"),),
            )
    seen: set[int] = set()
    for clear in p.all("clear"):
        if clear.loop is None or id(clear.node) in seen:
            continue
        if not rounds.is_accumulation(clear.loop) and not _waits(p, clear):
            continue
        inside = [s for s in p.all("step") if s.inside(clear.loop)]
        after = [s for s in p.all("step") if s.seq > clear.seq and s.loops == clear.loops[:-1]]
        if (
            inside
            or not after
            or clear.conds_in(clear.loop)
            or not any(b.inside(clear.loop) for b in p.all("backward"))
        ):
            continue
        seen.add(id(clear.node))
        yield p.report(
            "SB110",
            clear,
            "zero_grad() runs in every micro-batch: gradient accumulation has no effect",
            why="the optimizer steps only after several batches, but the gradients of the earlier ones are "
            "erased (discarded) before it does: only the last micro-batch counts",
            fix="Call zero_grad() before the loop over the micro-batches",
            related=((str(after[0].src.path), after[0].line, "the step"),),
        )

    yield from _accumulated(p)


def _waits(p: Program, clear: Event) -> bool:
    """Whether an optimizer clears in an inner loop and steps once after it, for each round of a loop over the data.

    Where gradients are read (kept for each task, or taken by the input), and where there is a backward pass of its own
    before the step, clearing is no mistake.
    """
    inner = clear.loop
    if inner is None or len(clear.loops) < 2 or not rounds.is_loader_loop(clear.loops[-2]):
        return False
    steps = [s for s in p.all("step") if s.seq > clear.seq and s.loops == clear.loops[:-1]]
    if not steps or not _clears_for(clear.recv, steps[0].recv) or clear.conds_in(inner):
        return False
    if len(steps[0].conds_in(clear.loops[-2])) != len(clear.conds_in(clear.loops[-2])):
        return False
    if any(b.loop is not inner and clear.seq < b.seq < steps[0].seq for b in p.all("backward", "clear")):
        return False
    return not any(isinstance(n, ast.Attribute) and n.attr == "grad" for n in syntax.walk(clear.src.tree)) and not any(
        "grad" in n.id and "zero_grad" not in n.id for n in syntax.walk(inner.node) if isinstance(n, ast.Name)
    )


def _clears_for(cleared: Val | None, stepped: Val | None) -> bool:
    """Whether an optimizer steps what is cleared: itself, or a model all of which it holds."""
    if q.same(cleared, stepped) or cleared is None or stepped is None:
        return q.same(cleared, stepped)
    made = [o for o in stepped.options() if o.kind == "optimizer"]
    return len(made) == 1 and any(h is cleared for h in ownership.held(made[0]))


def _accumulated(p: Program) -> Iterator[Finding]:
    """``zero_grad()`` first in ``with accelerator.accumulate(model):`` is let through in the round that steps."""
    for node in p.nodes(ast.With, ast.AsyncWith):
        calls = [n.context_expr for n in node.items if isinstance(n.context_expr, ast.Call)]
        names = [syntax.name(c.func) for c in calls]
        if not any(n.endswith(".accumulate") and "accelerator" in n.lower() for n in names):
            continue
        made = [c for c in q.everywhere(p, ast.Call) if syntax.name(c.func).rsplit(".", 1)[-1] == "Accelerator"]
        if made and all(_of_one(c) for c in made):
            continue
        done = [c for part in node.body for c in syntax.walk(part) if isinstance(c, ast.Call)]
        done.sort(key=lambda c: c.lineno)
        words = [(syntax.name(c.func).rpartition("."), c) for c in done]
        clears = [(home, c) for (home, _, last), c in words if last == "zero_grad"]
        backs = [c for (_, _, last), c in words if last == "backward"]
        if len(clears) != 1 or not backs or clears[0][1].lineno > backs[0].lineno:
            continue
        step = next((c for (home, _, last), c in words if last == "step" and home == clears[0][0]), None)
        if step is not None and step.lineno > backs[0].lineno:
            yield p.report(
                "SB110",
                (clears[0][1], p.source),
                "zero_grad() before backward() in accumulate(): what was accumulated is erased before the step",
                why="Accelerate skips zero_grad() in the rounds that only accumulate and lets it through in the round "
                "that steps, so only the last micro-batch is applied",
                fix="Call zero_grad() after optimizer.step()",
                related=((str(p.source.path), step.lineno, "the step"),),
            )


def _of_one(call: ast.Call) -> bool:
    """Whether an Accelerator accumulates one batch only: nothing is said, or the number 1."""
    given = {k.arg: k.value for k in call.keywords}
    if None in given or "gradient_accumulation_plugin" in given:
        return False
    steps = given.get("gradient_accumulation_steps")
    return steps is None or (isinstance(steps, ast.Constant) and steps.value == 1)
