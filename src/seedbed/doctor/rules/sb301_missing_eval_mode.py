"""Model.eval() is missing: evaluation runs in training mode.

## What it does

Finds evaluation that runs while the model is in training mode: dropout is active and BatchNorm uses and
changes its batch statistics.

## Why is this bad

The measured quality is too low, random, and depends on the batch. BatchNorm also learns from the evaluation
data.

## Example

```python
from torch.utils.data import DataLoader
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
train_loader, val_loader = DataLoader(train_set, shuffle=True), DataLoader(val_set)
for x, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
with torch.no_grad():
    for x, y in val_loader:
        pred = model(x).argmax(1)
```

## Use instead

```python
from torch.utils.data import DataLoader
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
train_loader, val_loader = DataLoader(train_set, shuffle=True), DataLoader(val_set)
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
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import methods, ownership, rounds, switching, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import is_evaluation, words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    told: dict[tuple[int, int], int] = {}
    for event in [*training.evaluations(p), *_averages(p), *_restored(p)]:
        module = event.recv
        if module is None or event.mode not in ("train", "mixed") or id(event.node) in seen:
            continue
        modal = ownership.is_modal(module) if module.kind == "module" else None
        if modal is False or "lightning" in module.tags:
            continue
        if modal is None and module.kind == "module" and not any(e.name == "train" for e in p.all("mode")):
            continue
        if event.mode == "mixed" or (any(s for s in methods.submodules(module)) and _parts_eval(event, module)):
            continue
        if _shows(p, event) or _unused(p, event) or _draws_often(p, event) or _set_on_purpose(p, event, module):
            continue
        if not (
            (not event.grad and not _acts(p, event))
            or rounds.is_eval_loop(event.loop)
            or rounds.split_of_val(event.arg(0)) in ("val", "test")
            or _measured(p, event)
        ):
            continue
        seen.add(id(event.node))
        arms = {(id(c[0]), id(module)): c[1] for c in event.conds}
        if any(told.get(key, arm) != arm for key, arm in arms.items()):
            continue  # the same call in the other arm of a branch
        told.update(arms)
        drop = (
            "dropout is active"
            if any("Dropout" in n for n in ownership.contents(module))
            else "BatchNorm uses batch statistics"
        )
        if not any("Dropout" in n or n.startswith(("Batch", "Sync")) for n in ownership.contents(module)):
            drop = "dropout (or BatchNorm) behaves as in training"
            if module.kind == "module" and ownership.asks_mode(module):
                drop = "takes the training branch of what asks self.training"
        start = event.loops[-1] if event.loops and rounds.is_loader_loop(event.loops[-1]) else None
        yield p.report(
            "SB301",
            (start.node, start.src) if start is not None and abs(start.line - event.line) <= 3 else event,
            f"model.eval() is never called before this evaluation: it runs in training mode and {drop}",
            why="the measured quality is random and too low, and BatchNorm statistics are changed by the "
            "evaluation data",
            fix=f"Call {module.var or 'model'}.eval() before evaluating and .train() afterwards",
            severity=None if module.kind == "module" else Severity.HINT,  # its class is not seen
        )
    yield from _teachers(p, seen)


def _set_on_purpose(p: Program, event: Event, module: Val) -> bool:
    """Whether the program chose training mode after the last step: to compare both modes, or to adapt a copy.

    Lightning sets the mode of the model that it holds; what is copied from it for each task is the program's own.
    """
    chosen = [e for e in p.all("mode") if e.recv is module and e.name == "train" and e.seq < event.seq]
    copied = module.copied
    if chosen and copied is not None:
        owners = [e.recv for e in p.all("mode") if e.recv is not None and "lightning" in e.recv.tags]
        if any(ownership.contains(one, copied) for o in owners for one in o.options() if one.kind == "module"):
            return True
    steps = [e.seq for e in p.all("step", "scaler_step")]
    others = [e.seq for e in training.forwards(p) if e.node is event.node and e.recv is module and e.mode == "eval"]
    if not chosen or any(chosen[-1].seq < at < event.seq for at in steps):
        return False
    return any(not any(min(a, event.seq) < at < max(a, event.seq) for at in steps) for a in others)


def _teachers(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Fixed teachers that are in training mode."""
    for event in training.forwards(p):
        module = event.recv
        if module is None or module.kind != "module" or event.mode != "train" or id(event.node) in seen or event.grad:
            continue
        if not event.loops or not training.trained_output(p, event.result) or ownership.is_modal(module) is not True:
            continue
        steps = [s for s in p.all("step") if s.inside(event.loops[-1])]
        # a generator learns in another loop than its judge
        around = [s for s in p.all("step") if s.inside(event.loops[0])]
        given = [(s, s.recv) for s in around if s.recv is not None]
        own = [s for s, recv in given if recv.kind != "optimizer" or module in ownership.held(recv)]
        moved = [
            e
            for e in p.all("inplace", "attribute", "restore", "average", "augment")
            if e.recv is not None
            and e.inside(event.loops[-1])
            and any(ownership.contains(module, m) for m in ownership.modules_of(e.recv))
        ]
        if own or moved or not steps or switching.told_of(p, module):
            continue
        seen.add(id(event.node))
        frozen = [e for e in p.all("requires_grad_") if e.recv is module and e.seq < event.seq]
        yield p.report(
            "SB301",
            frozen[-1] if frozen else _outermost(event),
            f"{module.var or module.name} is a fixed teacher in training mode: eval() is missing, its dropout "
            f"(or BatchNorm) is active",
            why="its targets are random (or depend on the batch), and the student learns the noise",
            fix=f"Call {module.var or 'teacher'}.eval() before the loop",
        )


def _outermost(event: Event) -> tuple[ast.AST, Source] | Event:
    """The outermost loop around an event in its own function: where the mode should have been set."""
    func = event.funcs[-1].node if event.funcs else None
    for frame in event.loops:
        if frame.src is event.src and (func is None or frame.node in syntax.walk(func)):
            return frame.node, frame.src
    return event


def _averages(p: Program) -> Iterator[Event]:
    """Calls that measure a copy (an average) of a trained model."""
    for event in training.forwards(p):
        copied = event.recv.copied if event.recv is not None and event.recv.kind == "module" else None
        if copied is None or not training.learns(p, copied) or training.trained_output(p, event.result):
            continue
        if rounds.is_eval_loop(event.loop) or _measured(p, event):
            yield event


def _restored(p: Program) -> Iterator[Event]:
    """Calls, without gradients, of a model built anew that got its weights from a file, and whose mode nobody set."""
    loads = [e for e in p.all("restore") if e.recv is not None and e.recv.kind == "module"]
    for event in training.forwards(p) if loads and p.trains else ():
        module = event.recv
        if module is None or module.kind != "module" or event.grad or training.learns(p, module):
            continue
        if any(e.recv is module and e.seq < event.seq for e in loads) and ownership.is_modal(module) is True:
            moded = (e.recv for e in p.all("mode") if e.recv is not None)
            if not any(one.kind != "module" or ownership.related(one, module) for r in moded for one in r.options()):
                yield event


_ACTS = re.compile(r"\benvs?\.(step|reset)\(")  # a policy that acts while it learns is no evaluation


def _acts(p: Program, event: Event) -> bool:
    """Whether the file, or one with a function around the call, plays in an environment."""
    return any(_ACTS.search(text) for text in {p.source.text, *(f.src.text for f in event.funcs)})


def _shows(p: Program, event: Event) -> bool:
    """Whether the output is only looked at: a GAN's pictures from noise, or samples that a function saves."""
    if _measured(p, event):
        return False
    noise = training.loss_origins(event.arg(0))
    adversaries = len(ownership.optimizers(p)) > 1
    looped = rounds.is_eval_loop(event.loop)
    if (
        adversaries
        and not looped
        and noise
        and all(v.name in ("randn", "rand", "normal", "np_normal", "randn_like") for v in noise)
    ):
        return True
    names = {w for f in event.funcs for w in words(f.name)}
    return event.grad and bool(names & {"sample", "samples", "save", "plot", "show", "draw", "visualize"})


_MOVES = frozenset(("to", "cuda", "cpu", "float", "unsqueeze", "view", "reshape", "expand", "repeat", "clone"))


def _draws_often(p: Program, event: Event) -> bool:
    """Whether a model with dropout is asked the same thing again and again: Monte-Carlo samples by dropout."""
    asked = event.node
    if not isinstance(asked, ast.Call):
        return False
    if event.recv is not None and not any("Dropout" in n for n in ownership.contents(event.recv)):
        return False
    given = [n for a in (*asked.args, *(k.value for k in asked.keywords)) for n in syntax.walk(a)]
    if any(isinstance(n, ast.Call) and getattr(n.func, "attr", "") not in _MOVES for n in given):
        return False  # made anew in each round
    wanted = {n.id for n in given if isinstance(n, ast.Name)}
    around: list[ast.AST] = [c for c in p.nodes(ast.ListComp, ast.GeneratorExp) if _counts(c.generators[0].iter)]
    for loop in event.loops[-1:]:
        learns = any(s.inside(loop) for s in p.all("step"))
        around += [loop.node] if isinstance(loop.node, ast.For) and _counts(loop.node.iter) and not learns else []
    for node in around:
        inside = list(syntax.walk(node))
        bound = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if any(n is asked for n in inside) and not wanted & bound:
            return True
    return False


def _counts(node: ast.expr) -> bool:
    """Whether a loop only counts its rounds."""
    said = syntax.text(node)
    return said.startswith(("range(", "trange(")) or "(range(" in said


def _unused(p: Program, event: Event) -> bool:
    """Whether the output is thrown away: such a pass is there for what it does to the BatchNorm statistics."""
    if event.grad:
        return False
    if not event.loops and any(m.seq > event.seq for m in p.makers("optimizer")):
        return True  # lazy layers get their sizes before the optimizer is made
    table = event.src.by_type()
    for node in (*table.get(ast.Expr, ()), *table.get(ast.Assign, ())):
        if node.value is event.node:
            return isinstance(node, ast.Expr) or all(isinstance(t, ast.Name) and t.id == "_" for t in node.targets)
    return False


def _parts_eval(event: Event, module: Val) -> bool:
    return False


def _measured(p: Program, event: Event) -> bool:
    """Whether the output is compared or printed as a result."""
    return any(e.name == "Eq" and any(event.result in q.chain(a) for a in e.args) for e in p.all("compare")) or any(
        is_evaluation(f.name) and not _weighs_actions(f.name) for f in event.funcs
    )


def _weighs_actions(name: str) -> bool:
    """``evaluate_actions``: the pass of policy-gradient training over actions that were taken, no measurement."""
    return bool({"action", "actions", "logprob", "logprobs"} & set(words(name)))
