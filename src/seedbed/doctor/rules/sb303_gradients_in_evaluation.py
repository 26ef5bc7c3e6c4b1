"""Torch.no_grad() is missing: evaluation records gradients.

## What it does

Finds evaluation that records gradients.

## Why is this bad

Every batch builds a graph that nobody uses: evaluation is slower and needs much more memory.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
model.eval()
for x, y in val_loader:
    pred = model(x).argmax(1)
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
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

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import ownership, rounds, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import is_evaluation, words
from seedbed.doctor.static.program import Event, LoopRun, Place, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    told: set[int] = set()  # loops: one no_grad() around them is the cure for every model in them
    if "volatile=True" in p.source.text:
        return  # how torch before 0.4 switched the graph off
    for event in training.evaluations(p):
        if not event.grad or id(event.node) in seen or event.recv is None or ownership.weightless(event.recv):
            continue
        if any(e.name == "grad" and e.kind == "backward" for e in p.all("backward")):
            continue
        switched_off = ownership.frozen(p).get(id(event.recv))
        if switched_off is not None and switched_off.seq < event.seq:
            continue  # no weight of it takes part in a graph
        trains = event.loop is not None and any(
            b.loop is not None and b.loop.node is event.loop.node for b in p.all("backward")
        )
        looped = rounds.is_eval_loop(event.loop) or (
            event.loop is not None and rounds.is_loader_loop(event.loop) and event.mode == "eval" and not trains
        )
        whole = (
            event.mode == "eval"
            or rounds.split_of_val(event.arg(0)) in ("val", "test")
            or any(is_evaluation(f.name) for f in event.funcs)
        )
        if not (looped or whole):
            continue
        direct = (
            [u for u in q.users(p, event.result) if u.name in ("detach", "data")] if event.result is not None else []
        )
        late = looped and all(u.name == "data" for u in direct)  # out = model(x); out.data.max(1): the graph is there
        if (direct and not late) or _cut_at_once(p, event) or _adapts(p, event) or _in_training(event):
            continue
        if any(set(words(f.name)) & {"sample", "samples", "save", "plot", "show", "draw"} for f in event.funcs):
            continue  # a few pictures
        seen.add(id(event.node))
        loop = event.loop if looped else None
        if event.loop is not None and id(event.loop.node) in told:
            continue
        told |= {id(event.loop.node)} if event.loop is not None else set()
        yield p.report(
            "SB303",
            _place(p, event, loop),
            "torch.no_grad() is missing: the evaluation records gradients (autograd graphs)",
            why="each batch builds a graph that is never used, which costs memory and time",
            fix="Evaluate inside `with torch.no_grad():` (or torch.inference_mode())",
            severity=None if looped or (_measured(p, event) and not _glance(p, event)) else Severity.HINT,
        )


def _place(p: Program, event: Event, loop: LoopRun | None) -> Event | Place:
    """The loop of an evaluation; where the training runs through the same lines, the call by which they part."""
    same = [o for o in training.forwards(p) if o.node is event.node and o.grad]
    trainer = next((o for o in same if training.trained_output(p, o.result)), None)
    if trainer is not None and event.sites:
        return q.beside(event, trainer)
    near = loop is not None and event.line - loop.line <= 4
    return (loop.node, loop.src) if near and loop is not None else event


def _adapts(p: Program, event: Event) -> bool:
    """Whether the evaluation itself trains something (a copy, for each task) and says that it wants gradients."""
    for at, func in enumerate(event.funcs):
        wants = "set_grad_enabled(True)", "enable_grad()"
        asked = [syntax.text(n) for n in syntax.walk(func.node) if isinstance(n, ast.Call)]
        if not any(said.endswith(wants) for said in asked):
            continue
        way = [node for node, _ in event.sites[: at + 1]]
        if any([node for node, _ in b.sites[: at + 1]] == way for b in p.all("backward")):
            return True
    return False


def _in_training(event: Event) -> bool:
    """Whether it stands in the training arm of ``if self.training:``: the other one is for the evaluation."""
    tests = [c[0].test for c in event.conds if isinstance(c[0], ast.If) and c[1] == 0]
    return any(isinstance(t, ast.Attribute) and t.attr == "training" for t in tests)


def _cut_at_once(p: Program, event: Event) -> bool:
    """Whether the expression that the call stands in ends with ``.detach()``: its graph is gone with the statement."""
    for node in p.nodes(ast.Attribute):
        if node.attr in ("detach", "data") and any(n is event.node for n in syntax.walk(node.value)):
            return True
    return False


_FEW = 32  # rows


def _glance(p: Program, event: Event) -> bool:
    """Whether only some rows of the output are looked at, or one batch that is drawn as pictures outside of loops."""
    uses = q.users(p, event.result) if event.result is not None else []
    if uses and all(_some_rows(use) for use in uses):
        return True
    if event.loops or not event.args or not p.calls("imshow"):
        return False
    taken = [v.node for v in q.chain(event.args[0]) if isinstance(v.node, ast.Call)]
    return any(syntax.text(call.func).rsplit(".", 1)[-1] in ("next", "__next__") for call in taken)


def _some_rows(use: Val) -> bool:
    """Whether a value is no more than the first rows of another one."""
    key = use.args[1] if use.name == "getitem" and len(use.args) > 1 else None
    if key is None or key.kind != "slice" or not key.args[0].is_none:
        return False
    end = key.args[1].const
    return isinstance(end, int) and 0 < end <= _FEW


def _measured(p: Program, event: Event) -> bool:
    """Whether a loss or a comparison judges the output: a whole evaluation, not one picture or sentence."""
    made = event.result
    if made is None:
        return False
    judged = [a for e in p.all("loss") for a in e.args[:1]]
    judged += [a for e in p.all("compare") if e.name == "Eq" and all(a.kind != "const" for a in e.args) for a in e.args]
    return any(q.reaches_val(a, made) for a in judged if not _of_sizes(a))


def _of_sizes(val: Val) -> bool:
    """Whether only the shape of something is compared."""
    return any(v.name in ("shape", "size") for v in ancestors(val, limit=8))
