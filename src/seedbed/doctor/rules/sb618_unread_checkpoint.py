"""A part of the checkpoint is saved but not used when the run goes on.

## What it does

Finds entries of a checkpoint that are written but never read again, a start epoch that is loaded and not used, and
optimizers that are restored but never stepped.

## Why is this bad

The resumed run starts that part anew: the epoch count, the best score, the loss scale or the averaged weights.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
checkpoint = torch.load("last.pt")
model.load_state_dict(checkpoint["model"])
optimizer.load_state_dict(checkpoint["optimizer"])
start = checkpoint["epoch"] + 1
for epoch in range(100):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, "last.pt")
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
checkpoint = torch.load("last.pt")
model.load_state_dict(checkpoint["model"])
optimizer.load_state_dict(checkpoint["optimizer"])
start = checkpoint["epoch"] + 1
for epoch in range(start, 100):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, "last.pt")
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import beginnings, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import ancestors

_PARTS = {
    "epoch": "the epoch count starts again",
    "best": "the best score so far is forgotten, so the first epoch overwrites the best checkpoint",
    "scaler": "the loss scale starts again",
    "ema": "the averaged weights start again",
    "sched": "the learning rate starts again at the first step of its schedule",
    "optim": "momentum and Adam's moments start at zero",
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    loads = [e for e in p.all("load") if e.result is not None and any(b.seq > e.seq for b in p.all("backward"))]
    restored = [e for e in p.all("restore") if any(_loaded(e, ld) for ld in loads) and not beginnings.warm(p, e)]
    loads = [ld for ld in loads if _goes_on(p, [e for e in restored if _loaded(e, ld)])]
    restored = [e for e in restored if any(_loaded(e, ld) for ld in loads)]
    if loads and restored:
        yield from _unused_start(p)
        yield from _unread(p, loads, restored)
    yield from _idle(p)
    yield from _lost_start(p)


def _loaded(event: Event, load: Event) -> bool:
    return any(v is load.result for a in event.args for v in ancestors(a, limit=30))


def _goes_on(p: Program, restored: list[Event]) -> bool:
    """Whether what was restored may be trained afterwards: some step may change one of these models."""
    models = [o for e in restored if e.recv is not None for o in e.recv.options() if o.kind == "module"]
    last = max((e.seq for e in restored), default=0)
    for step in p.all("step", "scaler_step", "manual"):
        holds = ownership.held(step.recv) if step.recv is not None and step.recv.kind == "optimizer" else []
        if step.seq > last and (not models or not holds or any(ownership.related(h, m) for h in holds for m in models)):
            return True
    return not models or not p.all("step", "scaler_step", "manual")


def _resumed(p: Program, step: Event, restore: Event) -> bool:
    """Whether a step may train the model that was restored from the same file as an optimizer."""
    files = [e for e in p.all("load") if e.result is not None and _loaded(restore, e)]
    beside = [e for e in p.all("restore") if e.recv is not None and any(_loaded(e, f) for f in files)]
    models = [o for e in beside if e.recv is not None for o in e.recv.options() if o.kind == "module"]
    holds = ownership.held(step.recv) if step.recv is not None else []
    return not models or not holds or any(ownership.related(h, m) for h in holds for m in models)


def _unused_start(p: Program) -> Iterator[Finding]:
    """``start = checkpoint["epoch"] + 1`` that no loop starts at."""
    for name, val, event in p.assigns:
        if (
            not isinstance(event.node, ast.Name)
            or event.loops
            or not any(v.kind == "loaded" for v in ancestors(val, limit=20))
        ):
            continue
        if not any(o.name in ("getitem", "add", "get", "pop", "int_builtin") for o in val.options()):
            continue  # the running variable of the loop itself
        keys = [v.const for v in ancestors(val, limit=20) if v.kind == "const" and isinstance(v.const, str)]
        if not any(re.search("epoch|step|iter", k) for k in keys):
            continue
        reads = [n for n in q.everywhere(p, ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
        shown = {id(x) for c in q.everywhere(p, ast.Call) if syntax.text(c.func) == "print" for x in syntax.walk(c)}
        shown |= {id(x) for c in q.everywhere(p, ast.JoinedStr) for x in syntax.walk(c)}
        if not [r for r in reads if id(r) not in shown]:
            yield p.report(
                "SB618",
                event,
                f"the epoch of the checkpoint is loaded into {name} but never used: the loop starts at 0 again",
                why="the resumed run repeats all epochs, and everything that depends on the epoch starts again",
                fix=f"Start the loop there: for epoch in range({name}, epochs)",
            )
            return


def _unread(p: Program, loads: list[Event], restored: list[Event]) -> Iterator[Finding]:
    """Keys of the saved dictionary that nobody reads from the loaded one."""
    saves = [e for e in p.all("save") if e.args and e.args[0].kind == "dict" and len(e.args[0].attrs) > 1]
    read = {str(n.slice.value) for n in q.nodes(p, ast.Subscript) if isinstance(n.slice, ast.Constant) and _reads(n)}
    read |= {
        str(c.args[0].value)
        for c in q.nodes(p, ast.Call)
        if isinstance(c.func, ast.Attribute) and c.func.attr in ("get", "pop") and c.args
        if isinstance(c.args[0], ast.Constant)
    }
    taken = {v.args[1].const for v in p.made("getitem") if len(v.args) > 1 and v.args[0].kind == "loaded"}
    if taken and all(isinstance(k, str) for k in taken):
        read = {str(k) for k in taken} | {
            str(c.args[0].value)
            for c in q.nodes(p, ast.Call)
            if isinstance(c.func, ast.Attribute) and c.func.attr in ("get", "pop") and c.args
            if isinstance(c.args[0], ast.Constant)
        }
    whole = [
        e for e in p.calls("items", "values") if e.recv is not None and any(o.kind != "state" for o in e.recv.options())
    ]
    if not read or any(v.kind == "loaded" for e in whole if e.recv is not None for v in ancestors(e.recv, limit=6)):
        return
    for save in saves[:1]:
        keys = set(save.args[0].attrs)
        if "*" in keys or not keys & read:
            return
        for key in sorted(keys - read):
            said = next((text for word, text in _PARTS.items() if word in key.lower()), "")
            if said and not (("optim" in key.lower()) and _stateless(p)):
                yield p.report(
                    "SB618",
                    restored[-1],
                    f'the checkpoint holds "{key}", but it is never loaded again: {said}',
                    why="the resumed run is not the continuation of the one that was saved",
                    fix=f'Restore it too: checkpoint["{key}"]',
                    related=((str(save.src.path), save.line, "it is saved here"),),
                )
                return


def _reads(node: ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Load)


def _stateless(p: Program) -> bool:
    """Whether a restored optimizer is already reported by the check of incomplete checkpoints."""
    return not any(e.recv is not None and e.recv.kind == "optimizer" for e in p.all("restore"))


def _idle(p: Program) -> Iterator[Finding]:
    """A restored optimizer that is never stepped, while another one trains."""
    steps = p.all("step")
    if not steps or any(s.recv is None or any(o.kind != "optimizer" for o in s.recv.options()) for s in steps):
        return
    for event in p.once("restore"):
        if event.recv is None or event.recv.kind != "optimizer" or any(q.same(s.recv, event.recv) for s in steps):
            continue
        if any(s.seq > event.seq and _resumed(p, s, event) for s in steps):
            yield p.report(
                "SB618",
                event,
                f"the loaded state goes into an optimizer ({event.recv.name}, line {event.recv.line}) that is never "
                "stepped: the one that trains starts without it",
                why="momentum and Adam's moments of the optimizer that is stepped start at zero",
                fix="Load the state into the optimizer whose step() is called, after it is made",
                related=(q.place(event.recv),),
            )


def _lost_start(p: Program) -> Iterator[Finding]:
    """A count that is loaded and lost again: the function's result is thrown away, or the loop writes over it."""
    for restore, call, loop in beginnings.thrown_away(p):
        yield p.report(
            "SB618",
            (call, restore.sites[-1][1]),
            "the epoch or step of the checkpoint is returned and thrown away: the loop starts from the beginning again",
            why="the resumed run repeats what it has done, and warm-up and schedule start again",
            fix="Take it: start = load(...), and let the loop begin there",
            related=((str(loop.src.path), loop.line, "the loop"),),
        )
    for node, name, put in beginnings.overwritten(p):
        yield p.report(
            "SB618",
            (node, p.source),
            f"self.{name} is loaded from the checkpoint, but the loop starts at its first number and overwrites it",
            why="the resumed run repeats all epochs, and a restored schedule goes on beyond its end",
            fix=f"Start the loop there: range(self.{name}, ...)",
            related=((str(p.source.path), put.lineno, "it is loaded here"),),
        )
