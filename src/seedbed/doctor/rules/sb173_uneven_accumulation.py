"""The windows of gradient accumulation are not even.

## What it does

Finds accumulation whose first window is one batch, whose divisor is not its length, whose last window is lost, or that
clips, or updates the loss scale, before the sum is complete.

## Why is this bad

Some updates come from fewer batches than the divisor says, so their gradients have another scale; the last batches
are lost or leak into the next epoch.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i, (x, y) in enumerate(loader):
    (F.cross_entropy(model(x), y) / 4).backward()
    if i % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i, (x, y) in enumerate(loader):
    (F.cross_entropy(model(x), y) / 4).backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
```
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax
from seedbed.doctor.static.program import Cond, Event, LoopRun, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for step in p.all("step"):
        window = _window(p, step)
        if window is None or id(step.node) in seen:
            continue
        seen.add(id(step.node))
        cond, size, back, loop = window
        yield from _first(p, step, cond, loop)
        yield from _inverted(p, step, cond, size)
        yield from _divisor(p, back, size, step)
        yield from _partial(p, step, cond, loop)
        yield from _last(p, step, cond, size, loop)
        yield from _never(p, step, cond, size, loop)
    yield from _stuck(p)
    yield from _two_windows(p)
    yield from _unwaited(p)


def _window(p: Program, step: Event) -> tuple[Cond, Val, Event, LoopRun] | None:
    """The branch that a step waits for, the number of batches, the backward() before it, and the loop."""
    loop = step.loop
    if loop is None:
        return None
    for cond in step.conds_in(loop):
        mods = [v for v in ancestors(cond[2], limit=40) if v.name == "mod" and len(v.args) == 2]
        if cond[1] != 0 or not mods or any(q.in_arm(b, cond) for b in p.all("backward")):
            continue
        backs = [
            b for b in p.all("backward") if b.loop is not None and b.loop.node is loop.node and not b.conds_in(loop)
        ]
        clears = [c for c in p.all("clear") if c.loop is not None and c.loop.node is loop.node and q.in_arm(c, cond)]
        if backs and clears:
            return cond, mods[0].args[1], backs[0], loop
    return None


def _first(p: Program, step: Event, cond: Cond, loop: LoopRun) -> Iterator[Finding]:
    """``i % k == 0`` with a counter that starts at zero: the first update is made of one batch."""
    whole = cond[0].test if isinstance(cond[0], ast.If) else None
    either = isinstance(whole, ast.BoolOp) and isinstance(whole.op, ast.Or)  # ``or i + 1 == len(loader)``
    tests = whole.values if isinstance(whole, ast.BoolOp) and either else [whole]
    test = next((t for t in tests if isinstance(t, ast.Compare) and _remainder(t)), None)
    if test is None or not isinstance(test.left, ast.BinOp) or not isinstance(test.left.left, ast.Name):
        return
    name, node = test.left.left.id, loop.node
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.Call):
        return
    if syntax.text(node.iter.func) != "enumerate" or len(node.iter.args) > 1 or node.iter.keywords:
        return
    first = node.target.elts[0] if isinstance(node.target, ast.Tuple) else node.target
    if not isinstance(first, ast.Name) or first.id != name or rounds.base_of_loop(loop) is None:
        return
    yield p.report(
        "SB173",
        (test, step.src),
        f"gradient accumulation steps on the first batch: {syntax.text(test)} is true for {name} = 0",
        why="enumerate() starts at 0, so the first update has the gradient of one batch only, and the last batches of "
        "the epoch are left over",
        fix=f"Write ({name} + 1) % {syntax.text(test.left.right)} == 0",
    )


def _remainder(test: ast.Compare) -> bool:
    """``i % k == 0``."""
    zero = isinstance(test.ops[0], ast.Eq) and getattr(test.comparators[0], "value", None) == 0
    return zero and isinstance(test.left, ast.BinOp) and isinstance(test.left.op, ast.Mod)


def _inverted(p: Program, step: Event, cond: Cond, size: Val) -> Iterator[Finding]:
    """``if (i + 1) % k:`` is true for every batch but the last one of a window."""
    test = cond[0].test if isinstance(cond[0], ast.If) else None
    unequal = (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.NotEq)
        and isinstance(test.left, ast.BinOp)
        and getattr(test.comparators[0], "value", None) == 0
    )
    if test is None or not (unequal or (isinstance(test, ast.BinOp) and isinstance(test.op, ast.Mod))):
        return
    if size.const in (1, 2):
        return
    yield p.report(
        "SB173",
        (test, step.src),
        f"gradient accumulation is inverted: {syntax.text(test)} is true for every batch but the last of a window",
        why="a remainder that is not zero counts as true, so the optimizer steps when it should "
        "wait, and waits when it should step",
        fix="Compare the remainder with zero: ... % k == 0",
        related=((str(step.src.path), step.line, "the step"),),
    )


def _two_windows(p: Program) -> Iterator[Finding]:
    """zero_grad() has another window than the step: gradients that were applied are applied again."""
    seen: set[int] = set()
    for step in p.all("step"):
        size = _every(step)
        if size is None or id(step.node) in seen:
            continue
        for clear in p.all("clear"):
            other = _every(clear)
            if clear.loop is None or step.loop is None or clear.loop.node is not step.loop.node or other is None:
                continue
            if other == size or id(step.node) in seen or not q.same(clear.recv, step.recv):
                continue
            seen.add(id(step.node))
            yield p.report(
                "SB173",
                step,
                f"gradient accumulation: the optimizer steps every {size} batches, but zero_grad() runs every {other}",
                why="gradients that were applied already are still there at the next step"
                if other > size
                else "gradients are erased before the step that should apply them",
                fix="Call zero_grad() right after optimizer.step(), under the same condition",
                related=((str(clear.src.path), clear.line, "zero_grad()"),),
            )


def _unwaited(p: Program) -> Iterator[Finding]:
    """zero_grad() waits for a window of batches, but the step does not."""
    for clear in p.once("clear"):
        loop = clear.loop
        size = _modulus(clear)
        if loop is None or size is None:
            continue
        for step in p.all("step"):
            if step.loop is not loop or step.conds_in(loop) or not q.same(step.recv, clear.recv):
                continue
            backs = [b for b in p.all("backward") if b.loop is loop and not b.conds_in(loop) and b.seq < step.seq]
            others = [c for c in p.all("clear") if c.node is not clear.node and c.inside(loop)]
            if not backs or others:
                continue
            yield p.report(
                "SB173",
                step,
                "gradient accumulation: optimizer.step() runs in every batch, only zero_grad() waits for the window",
                why="the gradients of the first batches of a window are applied again with each further batch",
                fix="Put optimizer.step() under the same condition as zero_grad()",
                related=((str(clear.src.path), clear.line, "zero_grad()"),),
            )
            break


def _modulus(event: Event) -> Val | None:
    """The k of the one condition ``... % k == 0`` that an event waits for."""
    conds = event.conds_in(event.loop) if event.loop is not None else []
    if len(conds) != 1 or conds[0][1] != 0 or not isinstance(conds[0][0], ast.If):
        return None
    mods = [v for v in ancestors(conds[0][2], limit=20) if v.name == "mod" and len(v.args) == 2]
    return mods[0].args[1] if len(mods) == 1 else None


def _every(event: Event) -> int | None:
    """The constant k of the one condition ``... % k == 0`` that an event waits for."""
    conds = event.conds_in(event.loop) if event.loop is not None else []
    if len(conds) != 1 or conds[0][1] != 0 or not isinstance(conds[0][0], ast.If):
        return None
    test = conds[0][0].test
    if not isinstance(test, ast.Compare) or not isinstance(test.left, ast.BinOp) or not isinstance(test.ops[0], ast.Eq):
        return None
    mods = [v for v in ancestors(conds[0][2], limit=20) if v.name == "mod" and len(v.args) == 2]
    size = mods[0].args[1].const if len(mods) == 1 and mods[0].args[1].kind == "const" else None
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def _divisor(p: Program, back: Event, size: Val, step: Event) -> Iterator[Finding]:
    """The loss is divided by another number than the window has batches."""
    root = back.recv
    while root is not None and root.name == "scaled" and root.args:
        root = root.args[0]
    if root is None or root.name != "div" or len(root.args) != 2 or root.args[0].shape not in ((), None):
        return
    inner = root.args[0]
    if _summed(inner):
        return  # the sum over the rows is divided by the rows of the window
    if (
        inner.name == "div"
        and len(inner.args) == 2
        and _equal(inner.args[1], root.args[1])
        and _equal(root.args[1], size)
    ):
        yield p.report(
            "SB173",
            root,
            "gradient accumulation divides the loss twice by the number of batches",
            why="the accumulated gradient is too small by that factor",
            fix="Divide once",
            related=((str(step.src.path), step.line, "the step"),),
        )
        return
    by = root.args[1]
    if by.kind != "const" or size.kind != "const" or not isinstance(by.const, (int, float)) or by.const == size.const:
        return
    if not isinstance(size.const, int) or by.const <= 1:
        return
    yield p.report(
        "SB173",
        root,
        f"gradient accumulation divides the loss by {by.const:g}, but a window has {size.const} batches",
        why=f"the accumulated gradient is {size.const / by.const:.2g} times the mean of the window",
        fix=f"Divide by the number of accumulated batches: {size.const}",
        related=((str(step.src.path), step.line, "the step"),),
    )


def _summed(loss: Val) -> bool:
    """Whether a loss may be a sum over rows or has not been reduced: its divisor is then no number of batches."""
    stack, count = [loss], 0
    while stack and count < 30:
        one, count = stack.pop(), count + 1
        if one.name in ("sum", "einsum", "dot") or one.tags & {"reduction=sum", "reduction=none"}:
            return True
        if one.kind == "phi" or one.name in TRANSPARENT or one.name in ("add", "sub", "mul", "div", "neg", "scaled"):
            stack += one.args
    return False


def _equal(a: Val, b: Val) -> bool:
    return a is b or (a.kind == b.kind == "const" and a.const == b.const)


def _partial(p: Program, step: Event, cond: Cond, loop: LoopRun) -> Iterator[Finding]:
    """Clipping, or the update of the loss scale, in every micro-batch."""
    for event in p.once("clip", "scaler_update"):
        if event.loop is None or event.loop.node is not loop.node or event.conds_in(event.loop):
            continue
        clip = event.kind == "clip"
        yield p.report(
            "SB173",
            event,
            "gradients are clipped in every micro-batch of the accumulation, before their sum is complete"
            if clip
            else "scaler.update() runs in every micro-batch of the gradient accumulation",
            why="the partial sum is cut again and again, so later micro-batches weigh more than earlier ones"
            if clip
            else "the loss scale changes inside a window, so its gradients are summed with different scales",
            fix="Do it once per window, beside optimizer.step()",
            related=((str(step.src.path), step.line, "the step"),),
        )


def _last(p: Program, step: Event, cond: Cond, size: Val, loop: LoopRun) -> Iterator[Finding]:
    """The number of batches is known and no multiple of the window: the last ones get no step."""
    count = _batches(rounds.base_of_loop(loop))
    if count is None or not isinstance(size.const, int) or size.const < 2 or count % size.const == 0:
        return
    test = cond[0].test if isinstance(cond[0], ast.If) else None
    if not isinstance(test, ast.Compare):
        return  # `or i + 1 == len(loader)`
    target = getattr(loop.node, "target", None)
    index = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    if not index & {n.id for n in syntax.walk(test.left) if isinstance(n, ast.Name)}:
        return  # a counter of its own goes on over the epochs, and so does the window
    others = [s for s in p.all("step") if s.node is not step.node and s.loop is not loop]
    if any(s.seq > step.seq and s.loops == step.loops[:-1] for s in others) or not step.loops[:-1]:
        return
    left = count % size.const
    yield p.report(
        "SB173",
        (test, step.src),
        f"gradient accumulation drops the last, incomplete window: {count} batches are no multiple of {size.const}, "
        f"so the last {left} of each epoch get no step",
        why="their gradients are erased by the next zero_grad(), or mixed into the first update of the next epoch",
        fix="Step at the end too: if (i + 1) % k == 0 or i + 1 == len(loader)",
        batches=count,
    )


def _never(p: Program, step: Event, cond: Cond, size: Val, loop: LoopRun) -> Iterator[Finding]:
    """The counter starts anew in each epoch, and an epoch has fewer batches than a window."""
    count = _batches(rounds.base_of_loop(loop))
    test = cond[0].test if isinstance(cond[0], ast.If) else None
    if test is None or count is None or not isinstance(size.const, int) or count >= size.const or loop.outer is None:
        return
    others = [s for s in p.all("step") if s.node is not step.node]
    names = {n.id for n in syntax.walk(test) if isinstance(n, ast.Name)}
    target = getattr(loop.node, "target", None)
    counts = {n.id for n in syntax.walk(target) if isinstance(n, ast.Name)} if target is not None else set()
    body = getattr(loop.outer.node, "body", [])
    back = [s for s in body if isinstance(s, ast.Assign) and any(syntax.text(t) in names for t in s.targets)]
    if others or not (back or names & counts) or "len(" in syntax.text(test):
        return
    yield p.report(
        "SB173",
        (back[0] if back else test, step.src),
        f"gradient accumulation: optimizer.step() never runs, because an epoch has {count} batches, a window "
        f"{size.const}, and the count starts again in each epoch",
        why="the condition is never reached, so no weight is ever updated",
        fix="Let the counter go on over the epochs, or use a smaller window",
        related=((str(step.src.path), step.line, "the step"),),
    )


def _batches(loader: Val | None) -> int | None:
    """How many batches a loader gives, when its data and batch size are known."""
    if loader is None or loader.kind != "loader" or not loader.args:
        return None
    data, batch = loader.args[0], loader.number(1, "batch_size")
    rows = data.args[0].shape if data.name == "TensorDataset" and data.args else None
    if not rows or not isinstance(rows[0], int) or not isinstance(batch, int) or batch < 1:
        return None
    drop = loader.kwargs.get("drop_last")
    return rows[0] // batch if drop is not None and drop.const is True else math.ceil(rows[0] / batch)


def _stuck(p: Program) -> Iterator[Finding]:
    """``count += 1; if count == k: step()`` with a count that is never set back: only one update is made."""
    for node in q.nodes(p, ast.If):
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
            continue
        if not isinstance(test.left, (ast.Name, ast.Attribute)):
            continue
        name = syntax.text(test.left)
        if not any(s.conds and any(c[0] is node and c[1] == 0 for c in s.conds) for s in p.all("step")):
            continue
        counted = [a for a in q.nodes(p, ast.AugAssign) if syntax.text(a.target) == name and a not in syntax.walk(node)]
        inside = {id(x) for x in syntax.walk(node)}
        back = [a for a in q.nodes(p, ast.Assign) if id(a) in inside and name in [syntax.text(t) for t in a.targets]]
        loops = [x for x in q.nodes(p, ast.For, ast.While) if any(y is node for y in syntax.walk(x))]
        every = [
            a
            for x in loops
            for a in syntax.walk(x)
            if isinstance(a, ast.Assign) and any(name == syntax.text(t) for t in a.targets)
        ]
        if counted and not back and not every and loops:
            yield p.report(
                "SB173",
                (test, p.source),
                f"the accumulation counter {name} is never set back: {syntax.text(test)} is true only once, so one "
                "step is made",
                why="the counter goes on rising, and the gradients of all later batches pile up unused",
                fix=f"Set {name} = 0 after the step, or test {name} % k == 0",
            )
