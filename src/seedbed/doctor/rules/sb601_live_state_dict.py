"""State_dict() is kept by reference: it goes on changing.

## What it does

Finds a `state_dict()` (or parameters) that is kept for later without a copy.

## Why is this bad

A state dict refers to the live weights. Training goes on changing them: the "best" weights are the last
ones.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best_state = None
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if is_better(model):
        best_state = model.state_dict()
model.load_state_dict(best_state)
```

## Use instead

```python
import copy
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best_state = None
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    if is_better(model):
        best_state = copy.deepcopy(model.state_dict())
model.load_state_dict(best_state)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    steps = [e.seq for e in p.all("step", "manual")]
    seen: set[int] = set()
    restored = {id(v) for e in p.all("restore") for a in e.args for v in ancestors(a, limit=60)}
    kept = p.all("assign", "attribute", "setitem", "keep")
    on_cpu = bool(kept) and stays(p)
    for event in kept:
        val = event.result if event.kind == "assign" else (event.args[-1] if event.args else None)
        if val is None or id(event.node) in seen:
            continue
        live = _live(val, on_cpu)
        if live is None:
            continue
        name = event.name if event.kind in ("assign", "attribute") else ""
        later = any(s.seq > event.seq and _moves(s, live) for s in p.all("step", "manual")) or _averaged(p, event, live)
        used_again = id(val) in restored or id(live) in restored
        snapshot = bool(
            set(words(name))
            & {
                "best",
                "initial",
                "init",
                "snapshot",
                "saved",
                "backup",
                "checkpoint",
                "old",
                "before",
                "prev",
                "start",
                "states",
                "history",
            }
        ) or (event.kind == "keep" and bool(event.loops))
        if not later or not (used_again or snapshot) or (event.kind == "keep" and _one_of_each(p, event, live)):
            continue
        if event.kind == "assign" and not used_again and (_written(p, event, live) or _gone(p, event)):
            continue
        if event.kind in ("setitem", "attribute") and not used_again and not snapshot:
            continue
        restores = [e for e in p.all("restore") if any(v is live for a in e.args for v in ancestors(a, limit=60))]
        if restores and all(_at_once(event, r, steps) for r in restores):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB601",
            event,
            "state_dict() is kept by reference, not copied: training goes on changing the saved weights",
            why="it is an alias: it shares the storage of the live tensors, so the kept (best) weights are "
            "simply the latest ones",
            fix="Make a deep copy: copy.deepcopy(model.state_dict()), or clone() each tensor",
        )
    yield from _put_back(p, seen)


def _written(p: Program, event: Event, live: Val) -> bool:
    """Whether the weights go into a file in the same round, whenever they are kept, and before the next step."""
    under = {(id(c[0]), c[1]) for c in event.conds}
    return any(
        e.loops == event.loops and {(id(c[0]), c[1]) for c in e.conds} <= under and any(_has(a, live) for a in e.args)
        for e in p.all("save")
    )


def _has(val: Val, live: Val, depth: int = 0) -> bool:
    """Whether these very weights are in a value, or in what it holds."""
    if any(live is o for o in val.options()) or any(live is a for a in ancestors(val, limit=40)):
        return True
    return depth < 3 and any(_has(i, live, depth + 1) for o in val.options() for i in o.attrs.values())


def _gone(p: Program, event: Event) -> bool:
    """Whether a name of a call has ended with it when the next step is made: nothing is kept under it."""
    if not event.funcs or any(event.name in n.names for n in p.nodes(ast.Global, ast.Nonlocal)):
        return False
    calls = len(event.funcs)
    return not any(s.seq > event.seq and s.funcs[:calls] == event.funcs for s in p.all("step", "manual", "inplace"))


def _one_of_each(p: Program, event: Event, live: Val) -> bool:
    """Whether a new list of every round gets the weights of each model of a list: what is trained next is another."""
    fresh = {id(r.node) for _, v, e in p.assigns if v is event.recv for r in e.loops}
    owners = {id(m) for m in ownership.modules_of(live)}
    for loop in event.loops if fresh & {id(r.node) for r in event.loops} else ():
        stack, count = [loop.over] if loop.over is not None and id(loop.node) not in fresh else [], 0
        while stack and count < 60:
            one = stack.pop()
            count += 1
            if id(one) in owners:
                return True
            if one.kind != "module":
                stack += [*one.args, *(one.items or ()), *one.attrs.values()]
    return False


def _at_once(event: Event, restore: Event, steps: list[int]) -> bool:
    """Whether the weights go into a model in the same round, before the next step: a copy from model to model."""
    if event.loop is not None and not restore.inside(event.loop):
        return False
    return not any(event.seq < s < restore.seq for s in steps)


def _put_back(p: Program, seen: set[int]) -> Iterator[Finding]:
    """What is put into a model after the loop: made in it on a condition, and the steps of that loop go on."""
    for restore in p.all("restore"):
        for val, picked in _held(restore.args):
            live = _live(val, stays(p))
            births = [e for e in p.all("comprehension", "call") if e.node is val.node] if live is not None else []
            birth = births[0] if births else None
            if birth is None or live is None or id(val.node) in seen or not birth.loops:
                continue
            loop = next((r for r in birth.loops if not restore.inside(r)), None)
            if loop is None or not any(s.inside(loop) and _moves(s, live) for s in p.all("step", "manual")):
                continue
            if not (picked or _sometimes(p, birth, loop)) or _ends(p, birth, loop):
                continue
            if any(e.line == birth.line and e.src is birth.src and id(e.node) in seen for e in p.all(*_PLACES)):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB601",
                birth,
                "the kept weights share memory with the model (detach(), .data and items() do not copy): training goes "
                "on changing the saved weights",
                why="load_state_dict() gets the live tensors back, so the best weights are simply those of the last "
                "epoch",
                fix="Clone every tensor: {name: value.detach().clone() for name, value in model.state_dict().items()}",
                related=((str(restore.src.path), restore.line, "put back here"),),
            )


_PLACES = ("assign", "attribute", "setitem", "keep")


_PICKS = frozenset(("part", "getitem", "element", "max", "min", "sorted", "pop"))


def _held(args: tuple[Val, ...]) -> Iterator[tuple[Val, bool]]:
    """The values that a model may get, and whether one was picked out of a list that holds one for each round."""
    stack, count = [(a, False) for a in args], 0
    while stack and count < 60:
        one, picked = stack.pop()
        count += 1
        if "deepcopy" in one.tags:
            continue
        if one.kind == "phi":
            stack += [(a, picked) for a in one.args]
        elif one.kind in ("tensor", "unknown", "number") and one.name in _PICKS and one.args:
            stack.append((one.args[0], picked))
        elif one.kind in ("list", "iter", "tuple") and one.items and one.name != "pair":
            each = picked or "each" in one.tags or one.kind == "list"
            stack += [(i, each) for i in one.items]
            yield one, picked
        else:
            yield one, picked


def _sometimes(p: Program, birth: Event, loop: LoopRun) -> bool:
    """Whether not every round keeps its weights: in a branch, or after a return that leaves the function before."""
    if birth.conds_in(loop):
        return True
    body = birth.funcs[-1].node if birth.funcs else None
    return any(
        e.funcs and e.funcs[-1].node is body and e.conds_in(loop) and e.line < birth.line for e in p.all("return")
    )


def _ends(p: Program, birth: Event, loop: LoopRun) -> bool:
    """Whether the loop is left as soon as the weights are kept."""
    arms = {(id(c[0]), c[1]) for c in birth.conds_in(loop)}
    return any(
        e.loop is not None and e.loop.node is loop.node and {(id(c[0]), c[1]) for c in e.conds_in(loop)} <= arms
        for e in p.all("break")
    )


def _averaged(p: Program, event: Event, live: Val) -> bool:
    """Whether the weights that a state refers to are changed in place later, as averages are."""
    owners = ownership.modules_of(live)
    return any(
        e.seq > event.seq and e.recv is not None and any(m is o for m in ownership.modules_of(e.recv) for o in owners)
        for e in p.all("inplace")
    )


def _moves(step: Event, live: Val) -> bool:
    """Whether a step can change the weights that a state refers to."""
    if step.recv is None or step.recv.kind != "optimizer":
        return True
    holds = ownership.held(step.recv)
    owners = ownership.modules_of(live)
    return not holds or not owners or any(ownership.contains(o, h) for o in owners for h in holds)


_AWAY = ("cuda", "device", "mps", "xpu", "accelerat", "gpu", "npu", "fabric", "half")


def stays(p: Program) -> bool:
    """Whether a whole program runs on the CPU and never names a device: there ``.cpu()`` copies nothing."""
    if not p.complete:
        return False
    if "stays" not in p.cache:
        said = [n.id for n in p.nodes(ast.Name)] + [n.attr for n in p.nodes(ast.Attribute)]
        said += [a.arg for a in p.nodes(ast.arg)]
        said += [n.value for n in p.nodes(ast.Constant) if isinstance(n.value, str) and len(n.value) < 20]
        p.cache["stays"] = not any(word in name for name in {s.lower() for s in said} for word in _AWAY)
    found: bool = p.cache["stays"]
    return found


def _live(val: Val, on_cpu: bool = False, depth: int = 0) -> Val | None:
    """The reference to live weights in a value, if it holds one."""
    if val.kind == "state" and "deepcopy" not in val.tags:
        return val
    if val.kind == "tuple" and val.items:
        return next((x for i in val.items if (x := _live(i, on_cpu)) is not None), None)
    if val.kind == "dict" and val.name in ("", "dict", "copy", "OrderedDict") and "deepcopy" not in val.tags:
        inner = [*val.attrs.values(), *(val.args if val.name or not val.attrs else ())]
        if depth:
            return next((i for i in inner if i.kind == "state" and "deepcopy" not in i.tags), None)
        return next((x for i in inner if (x := _live(i, on_cpu, 1)) is not None), None)
    if val.name == "comprehension" and val.kind in ("dict", "list"):
        made = val.items[0] if val.items else val.args[0] if val.args else None  # as it was written, not as it became
        sources = [v for a in val.args for v in ancestors(a, limit=10) if v.kind in ("state", "params")]
        names = (
            {v.name for v in ancestors(made, limit=12) if v.kind in ("tensor", "unknown", "method")}
            if made is not None
            else set()
        )
        moved = {"cpu", "to"} if on_cpu else set()
        if (
            sources
            and made is not None
            and "leaf" not in made.tags  # the start of an inner loop, which takes gradients of its own
            and not names & _NEW
            and not (names - moved)
            & {
                "clone",
                "deepcopy",
                "numpy",
                "tolist",
                "item",
                "sum",
                "norm",
                "mean",
                "cpu",
                "numel",
                "copy",
                "to",
                "save",
                "grad",
            }
            and sources[0].kind in ("state", "params")
        ):
            return sources[0] if sources[0].kind == "state" or names & {"data", "detach"} else None
    return None


_NEW = frozenset(["zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "zeros", "ones"])
_NEW |= {"mul", "div", "add", "sub", "neg", "abs", "square", "pow", "std", "var", "double", "bfloat16", "sqrt"}
