"""Every worker draws the same random numbers.

## What it does

Finds datasets that draw from their own fixed generator (or from numpy) in worker processes.

## Why is this bad

Every worker holds a copy of the generator: all workers draw the same augmentations.

## Example

```python
import numpy as np
from torch.utils.data import DataLoader, Dataset
class Noisy(Dataset):
    def __init__(self, data):
        self.data = data
        self.rng = np.random.default_rng(0)
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.data[i] + self.rng.normal()
loader = DataLoader(Noisy(torch.zeros(100)), num_workers=4, shuffle=True)
```

## Use instead

```python
import numpy as np
from torch.utils.data import DataLoader, Dataset
class Noisy(Dataset):
    def __init__(self, data):
        self.data = data
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.data[i] + torch.randn(())
loader = DataLoader(Noisy(torch.zeros(100)), num_workers=4, shuffle=True)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, TypeGuard

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val

_GENERATORS = ("default_rng", "np_default_rng", "RandomState", "np_RandomState", "Random", "Generator")
# All that a function may call which seeds streams that belong to a process, not to a data set.
_GLOBAL = frozenset(["seed", "manual_seed", "initial_seed", "get_worker_info", "int", "print", "set_num_threads"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _constant_seeds(p)
    for event in p.first_makers("loader"):
        made = event.result
        if made is None or made.kind != "loader" or not made.args or made.args[0].owner is None:
            continue
        workers = made.kwargs.get("num_workers")
        if workers is None or workers.const == 0:
            continue
        cls, init = made.args[0].owner, made.kwargs.get("worker_init_fn")
        if init is not None and not init.is_none:
            yield from _left_alone(p, event, made.args[0], init)
            continue
        method = cls.method("__getitem__") if hasattr(cls, "method") else None
        if method is None:
            continue
        for name, val in made.args[0].attrs.items():
            if (
                val.name.rsplit(".", 1)[-1] in _GENERATORS
                and not _per_worker(cls)
                and any(isinstance(n, ast.Attribute) and n.attr == name for n in syntax.walk(method.node))
            ):
                yield p.report(
                    "SB411",
                    val,
                    f"every worker copies self.{name}: all workers draw the same random numbers",
                    why="the generator is made once and copied into each worker process (and restarts in every epoch)",
                    fix="Use torch's random functions in __getitem__, or seed the generator per worker "
                    "(worker_init_fn)",
                    related=((str(event.src.path), event.line, "num_workers > 0"),),
                )
        for n in _living(method.node, made.args[0]) if workers.const != 1 else ():
            if (
                isinstance(n, ast.Attribute)
                and syntax.text(n).startswith(("np.random.", "numpy.random."))
                and n.attr not in ("random", "default_rng")
            ):
                yield p.report(
                    "SB411",
                    (n, method.src),
                    "numpy's global generator is used in worker processes: with old versions of torch all "
                    "workers draw the same random numbers",
                    why="numpy's state is copied into each worker",
                    fix="Use torch's random functions, or seed numpy in worker_init_fn",
                    severity=Severity.WARNING,
                )
                break


def _living(node: ast.AST, data: Val) -> Iterator[ast.AST]:
    """The parts of a method that this data set comes through: not what a switch of its own turns off."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        if isinstance(one, ast.If | ast.IfExp):
            on = _switch(one.test, data)
            arms = [*(() if on is False else _arm(one.body)), *(() if on is True else _arm(one.orelse))]
            stack += [*reversed(arms), one.test]
        else:
            stack += reversed(list(ast.iter_child_nodes(one)))


def _arm(body: list[ast.stmt] | ast.expr) -> list[ast.AST]:
    return list(body) if isinstance(body, list) else [body]


def _switch(test: ast.expr, data: Val) -> bool | None:
    """Whether a test of an attribute is passed, which the data set got as a constant."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _switch(test.operand, data)
        return None if inner is None else not inner
    held = data.attrs.get(test.attr) if isinstance(test, ast.Attribute) and syntax.text(test.value) == "self" else None
    return bool(held.const) if held is not None and held.kind == "const" else None


def _left_alone(p: Program, event: Event, data: Val, init: Val) -> Iterator[Finding]:
    """A ``worker_init_fn`` that seeds the global streams, while the data set draws from a generator of its own."""
    cls = data.owner
    method = cls.method("__getitem__") if hasattr(cls, "method") else None
    if method is None or init.kind != "func" or init.owner is None or init.args or _per_worker(cls):
        return
    inside = syntax.walk(init.owner.node)
    calls = {syntax.text(n.func).rsplit(".", 1)[-1]: n for n in inside if isinstance(n, ast.Call)}
    seed = calls.get("seed") or calls.get("manual_seed")
    if seed is None or not calls.keys() <= _GLOBAL:
        return
    if any(isinstance(n, ast.Attribute) and n.attr in ("dataset", *data.attrs) for n in inside):
        return  # it may give the data set a generator
    drawn = {name for n in syntax.walk(method.node) if isinstance(n, ast.Call) for name in _draws_from(n)}
    drawn -= {name for n in syntax.walk(cls.node) if _sets_state(n) for name in _draws_from(n)}
    for name, val in data.attrs.items():
        if val.name.rsplit(".", 1)[-1] in _GENERATORS and name in drawn:
            yield p.report(
                "SB411",
                (seed, init.owner.src),
                f"worker_init_fn does not seed self.{name}: all workers draw the same random numbers",
                why=f"it seeds a global stream, but the data set draws from its own generator self.{name}, which is "
                "copied into each worker (and restarts in every epoch)",
                fix=f"Set get_worker_info().dataset.{name} to a generator made from info.seed in worker_init_fn",
                related=((str(event.src.path), event.line, "the loader"), q.place(val)),
            )


def _draws_from(call: ast.Call) -> set[str]:
    """The attributes of ``self`` that a call draws from: ``self.rng.normal()``, ``rand(3, generator=self.rng)``."""
    owners = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    owners += [k.value for k in call.keywords if k.arg == "generator"]
    return {o.attr for o in owners if isinstance(o, ast.Attribute) and syntax.text(o.value) == "self"}


def _sets_state(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a call starts a generator anew: ``self.rng.seed(i)`` in each sample."""
    states = ("seed", "manual_seed", "setstate", "set_state", "Seed")
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in states


def _per_worker(cls: Any) -> bool:
    """Whether a data set asks in which worker it is."""
    return any(
        isinstance(n, (ast.Name, ast.Attribute)) and "get_worker_info" in syntax.text(n) for n in syntax.walk(cls.node)
    )


def _constant_seeds(p: Program) -> Iterator[Finding]:
    """Loaders whose workers are all seeded with one number."""
    for event in p.first_makers("loader"):
        made = event.result
        init = made.kwargs.get("worker_init_fn") if made is not None and made.kind == "loader" else None
        if (fixed := _fixed_seed(init) or _seed_of_data(init)) is not None:
            yield p.report(
                "SB411",
                fixed,
                "worker_init_fn gives every worker the same seed: all workers draw the same random numbers",
                why="the seed is a constant or stored in the data set: it does not depend on the worker",
                fix="Seed with torch.initial_seed() % 2**32, which differs for every worker and epoch",
                related=((str(event.src.path), event.line, "the loader"),),
            )


def _seed_of_data(init: Val | None) -> Place | None:
    """Where ``worker_init_fn`` makes a generator from what the copied data set holds: ``default_rng(data.seed)``."""
    if init is None or init.kind != "func" or init.owner is None or init.args:
        return None
    body = list(syntax.walk(init.owner.node))
    given = {a.arg for a in getattr(init.owner.node, "args", ast.arguments([], [], None, [], [], None, [])).args}
    if any(isinstance(n, ast.Name) and n.id in given and isinstance(n.ctx, ast.Load) for n in body):
        return None  # the number of the worker goes somewhere
    held = {syntax.text(n.targets[0]): syntax.text(n.value) for n in body if isinstance(n, ast.Assign)}
    infos = {name for name, text in held.items() if text.endswith("get_worker_info()")} | {
        text for text in (syntax.text(n) for n in body if isinstance(n, ast.Call)) if text.endswith("get_worker_info()")
    }
    data = {f"{info}.dataset" for info in infos}
    data |= {name for name, text in held.items() if text in data}
    for node in (n for n in body if isinstance(n, ast.Assign)):
        call, target = node.value, node.targets[0]
        if not isinstance(target, ast.Attribute) or not isinstance(call, ast.Call):
            continue
        if syntax.text(call.func).rsplit(".", 1)[-1] not in _GENERATORS:
            continue
        stored = {syntax.text(a.value) for a in call.args if isinstance(a, ast.Attribute)}
        if len(call.args) == 1 and stored and stored <= data and syntax.text(target.value) in data:
            return call, init.owner.src
    return None


def _fixed_seed(init: Val | None) -> Place | None:
    """Where ``worker_init_fn`` sets a seed that is the same in every worker."""
    if init is None or init.kind != "func" or init.owner is None or init.args:
        return None
    node = init.owner.node
    calls = [n for n in syntax.walk(node) if isinstance(n, ast.Call)]
    seeds = [c for c in calls if syntax.text(c.func).rsplit(".", 1)[-1] in ("seed", "manual_seed") and c.args]
    if not seeds or any("initial_seed" in syntax.text(n) or "worker_info" in syntax.text(n) for n in calls):
        return None
    given = {a.arg for a in node.args.args}
    used = {n.id for n in syntax.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return None if given & used else (seeds[0], init.owner.src)
