"""Model.train() is missing: training goes on in eval mode.

## What it does

Finds training that goes on in eval mode: `model.eval()` was called for validation and `model.train()` is
missing afterwards.

## Why is this bad

From the second epoch on dropout is off and BatchNorm no longer learns its statistics. Nothing is raised.

## Example

```python
model = nn.Sequential(nn.Linear(4, 32), nn.Dropout(0.5), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for x, y in val_loader:
            pred = model(x).argmax(1)
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 32), nn.Dropout(0.5), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for x, y in val_loader:
            pred = model(x).argmax(1)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, rounds, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, LoopRun, Place, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in training.forwards(p):
        module = event.recv
        if module is None or not _in_eval(p, event) or not event.grad or id(event.node) in seen or not event.loops:
            continue
        if not training.trained_output(p, event.result):
            continue
        if module.kind == "module" and (ownership.is_modal(module) is False or not _stepped(p, module, event)):
            continue
        steps = [s for s in p.all("step") if s.inside(event.loops[0])] if module.kind != "module" else []
        if module.kind != "module" and (all(_of_inputs(s.recv) for s in steps) or _beside_a_learner(p, event)):
            continue
        if module.kind != "module" and any("requires_grad" in e.kind for e in p.all("requires_grad_")):
            continue
        switched_off = ownership.frozen(p).get(id(module))
        if (switched_off is not None and switched_off.seq < event.seq) or not _learns_from(p, event):
            continue
        modes = [e for e in p.all("mode") if e.name == "eval" and q.same(e.recv, module) and e.seq < event.seq]
        if not modes or (module.kind == "module" and module.name == "from_pretrained"):
            continue
        back_in_loop = any(m.inside(event.loops[0]) for m in modes)
        if (back_in_loop and _as_reference(p, event)) or _kept_still(p, event, modes[-1]):
            continue
        if _parts_back(p, event, modes):
            continue
        seen.add(id(event.node))
        start = next((loop for loop in reversed(event.loops) if rounds.is_loader_loop(loop)), event.loops[-1])
        once = [e for e in p.all("mode") if e.name == "train" and e.seq < event.seq and q.same(e.recv, module)]
        outside = [e for e in once if e.src is start.src and e.funcs and not e.inside(event.loops[0])]
        yield p.report(
            "SB302",
            _end(between, event)
            if event.mode == "mixed" and (between := _between(p, event)) is not None
            else outside[-1]
            if outside and len(event.loops) > 1
            else (start.node, start.src),
            "model.train() is missing: after model.eval() the training goes on in eval mode",
            why=f"eval() at line {modes[-1].line} is never undone (no switch back to training mode), so dropout is "
            f"off and BatchNorm statistics no longer learn",
            fix=f"Call {module.var or 'model'}.train() at the start of every training epoch",
            related=((str(modes[-1].src.path), modes[-1].line, "model.eval()"),),
        )
    yield from _between_yields(p, seen)


def _beside_a_learner(p: Program, event: Event) -> bool:
    """Whether another model that the same loop calls was put into training mode: this one is a fixed part of it."""
    learning = [e.recv for e in p.all("mode") if e.name == "train" and e.seq < event.seq and e.recv is not None]
    called = [e.recv for e in p.all("forward") if e.loops and e.inside(event.loops[-1]) and e.recv is not None]
    return any(r is not event.recv and any(r is c for c in called) for r in learning)


def _of_inputs(optimizer: Val | None) -> bool:
    """Whether an optimizer holds single tensors, and no parameters of a model: inputs or actions are searched."""
    given = optimizer.arg(0, "params") if optimizer is not None and optimizer.kind == "optimizer" else None
    held = given.items if given is not None and given.kind == "list" else None
    return bool(held) and all(_own_values(v) for v in held or ())


def _own_values(val: Val) -> bool:
    """Whether something is a tensor of its own: made here, or a copy of one."""
    copied = val.kind == "unknown" and val.name in ("clone", "detach", "data", "zeros_like", "randn_like")
    return copied or (val.kind == "tensor" and val.name != "Parameter")


def _parts_back(p: Program, event: Event, modes: list[Event]) -> bool:
    """Whether every part of the model that learns was put back into training mode, and only frozen ones rest."""
    module, off = event.recv, ownership.frozen(p)
    if module is None or module.kind != "module":
        return False
    back = [e for e in p.all("mode") if e.name == "train" and e.seq < event.seq and e.inside(event.loops[0])]
    parts = [o for e in back if e.recv is not None for o in e.recv.options() if o is not module]
    learns = [m for m in methods.submodules(module) if m.name.startswith(ownership.WEIGHTED) and id(m) not in off]
    again = [m for m in parts if ownership.contains(module, m)]
    return bool(again) and all(any(ownership.contains(part, m) for part in again) for m in learns)


def _between_yields(p: Program, seen: set[int]) -> Iterator[Finding]:
    """A generator that trains, and a loop over it whose body evaluates: the next round goes on in eval mode."""
    for event in training.forwards(p):
        module = event.recv
        if module is None or module.kind != "module" or event.mode == "eval" or not event.loops:
            continue
        round_ = next((loop for loop in reversed(event.loops) if _yields(loop.node)), None)
        if id(event.node) in seen or not event.funcs or round_ is None:
            continue
        calls = {id(node) for node, _ in event.sites}
        modes = [
            m for m in p.all("mode") if q.same(m.recv, module) and any(_runs_over(loop, calls) for loop in m.loops)
        ]
        if not modes or any(m.name != "eval" for m in modes) or not training.trained_output(p, event.result):
            continue
        again = [m for m in p.all("mode") if m.inside(round_) and m.name == "train"]
        loops = [loop for loop in modes[0].loops if _runs_over(loop, calls)]
        if again or any(b.inside(loops[-1]) for b in p.all("break")) or ownership.is_modal(module) is False:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB302",
            modes[0],
            "model.train() is missing: after model.eval() between two steps the training goes on in eval mode",
            why="the generator takes its next step in the mode that the loop over it leaves: dropout is off, and "
            "BatchNorm statistics no longer learn",
            fix=f"Call {module.var or 'model'}.train() after the evaluation, or at the start of every step",
            related=(q.place(event.result),) if event.result is not None else (),
        )


def _yields(loop: ast.AST) -> bool:
    return any(isinstance(n, ast.Yield) for n in syntax.walk(loop))


def _runs_over(loop: LoopRun, calls: set[int]) -> bool:
    """Whether a loop runs over what one of these calls of a generator gives."""
    over = loop.over
    while over is not None and over.kind == "iter" and over.name in ("enumerate", "tqdm", "zip") and over.args:
        over = over.args[0]
    return over is not None and over.name == "generator" and id(over.node) in calls


def _kept_still(p: Program, event: Event, mode: Event) -> bool:
    """Whether eval() stands before the training itself and some weights are frozen: their statistics rest too."""
    around = event.funcs[: len(mode.funcs)]
    if event.recv is None or mode.funcs != around or any("Dropout" in n for n in ownership.contents(event.recv)):
        return False
    asked = [e for e in p.all("forward") if mode.seq < e.seq < event.seq and e.recv is event.recv]
    if any(e.node is not event.node for e in asked) or mode.inside(event.loops[-1]):
        return False
    return any(
        e.args and e.args[0].const is False
        for e in p.all("attribute", "requires_grad_", "requires_grad")
        if e.kind != "attribute" or e.name == "requires_grad"
    )


def _learns_from(p: Program, event: Event) -> bool:
    """Whether backward() reaches the output, not only ``autograd.grad``, which attacks and penalties ask."""
    made = event.result
    roots = [r for b in p.all("backward") if b.name != "grad" for r in (b.recv, *b.args) if r is not None]
    if made is None or not roots:
        return made is not None
    outputs = [made, *q.flat(made.items or ())]
    return any(id(v) in training.gradient_path_cached(p, r) for r in roots for v in outputs)


def _in_eval(p: Program, event: Event) -> bool:
    """Whether a call runs in eval mode: always, or since the first of the loop's occasional evaluations."""
    if event.mode == "mixed" and event.loops:
        modes = [m for m in p.all("mode") if m.inside(event.loops[0]) and q.same(m.recv, event.recv)]
        if modes and all(_in_one_round(m) for m in modes):
            return False
        if any(m.seq < event.seq for m in modes) and all(m.name == "eval" for m in modes):
            return True
        return _between(p, event) is not None
    return event.mode == "eval"


def _end(mode: Event, event: Event) -> Event | Place:
    """Where the model should be put back: at the end of a method, which has a model of its own, else at the call."""
    func = mode.funcs[-1] if len(mode.funcs) > len(event.funcs) else None
    body = getattr(func.node, "body", None) if func is not None and func.owner is not None else None
    return (body[-1], mode.src) if isinstance(body, list) and body else q.site(mode, event.loops[-1])


def _in_one_round(mode: Event) -> bool:
    """Whether a switch stands under ``if step == last:``: it happens once, mostly in the last round."""
    tests = [c[0].test for c in mode.conds if isinstance(c[0], ast.If) and c[1] == 0]
    plain = [t for t in tests if isinstance(t, ast.Compare) and isinstance(t.ops[0], ast.Eq)]
    counters = {
        n.id for r in mode.loops for n in ast.walk(getattr(r.node, "target", r.node)) if isinstance(n, ast.Name)
    }
    return any(isinstance(t.left, ast.Name) and t.left.id in counters for t in plain if isinstance(t, ast.Compare))


def _between(p: Program, event: Event) -> Event | None:
    """An evaluation every so many batches, after which nothing in the batch loop puts the model back."""
    loop = event.loops[-1]
    modes = [m for m in p.all("mode") if m.inside(loop) and q.same(m.recv, event.recv)]
    if not modes or any(m.name != "eval" for m in modes) or any(e.inside(loop) for e in p.all("break")):
        return None
    for mode in modes:
        tests = [c[0].test for c in mode.conds_in(loop) if isinstance(c[0], ast.If)]
        if mode.seq < event.seq and any(isinstance(n, ast.Mod) for t in tests for n in ast.walk(t)):
            return mode
    return None


def _stepped(p: Program, module: Val, event: Event) -> bool:
    """Whether some optimizer that steps in this loop holds the module (inputs may be optimised instead)."""
    steps = [s for s in p.all("step") if s.inside(event.loops[0])]
    for step in steps:
        for one in step.recv.options() if step.recv is not None else []:
            if one.kind != "optimizer":
                return True
            holds = ownership.held(one)
            if not holds and not one.args:
                return True
            if any(h is module or ownership.contains(module, h) for h in holds):
                return True
    return False


def _as_reference(p: Program, event: Event) -> bool:
    """Whether the loss weighs a model against a frozen copy of it (DPO): without dropout the ratio starts at one."""
    module, made = event.recv, event.result
    if module is None or made is None:
        return False
    copies = [
        e.result
        for e in p.all("forward")
        if e.recv is not None and e.recv.copied is module and e.recv is not module and e.result is not None
    ]
    ratios = p.made("logsigmoid", "exp", "LogSigmoid") if copies else []
    return any(q.reaches_val(r, made) and any(q.reaches_val(r, c) for c in copies) for r in ratios)
