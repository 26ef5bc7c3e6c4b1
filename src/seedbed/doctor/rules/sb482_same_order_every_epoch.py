"""The order of the training data is the same in every epoch.

## What it does

Finds a random generator that is made (or seeded) anew with one fixed number in every epoch and shuffles the training
data.

## Why is this bad

The batches hold the same samples in the same order every time: shuffling has lost its purpose.

## Example

```python
for epoch in range(10):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    for part in order.split(32):
        optimizer.zero_grad()
        F.cross_entropy(model(x[part]), y[part]).backward()
        optimizer.step()
```

## Use instead

```python
generator = torch.Generator().manual_seed(0)
for epoch in range(10):
    order = torch.randperm(len(x), generator=generator)
    for part in order.split(32):
        optimizer.zero_grad()
        F.cross_entropy(model(x[part]), y[part]).backward()
        optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import drawing, rounds, syntax
from seedbed.doctor.static.lineage import GENERATORS
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, LoopRun, Program
from seedbed.doctor.static.values import Val

_ORDERS = frozenset(
    ["randperm", "permutation", "shuffle", "DataLoader", "RandomSampler", "randint", "choice", "sample"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    yield from _samplers(p)
    makers = {
        id(e.result): e for e in p.calls(*_SEEDED) if e.result is not None and e.name.rsplit(".", 1)[-1] in _SEEDED
    }
    for event in p.calls(*_ORDERS):
        if event.name.rsplit(".", 1)[-1] not in _ORDERS or not event.loops or id(event.node) in told:
            continue
        loop = _epochs(p, event)
        source = event.kwargs.get("generator") or event.recv or (event.args[0] if event.args else None)
        if loop is None or source is None:
            continue
        fixed = _fixed(source)
        if fixed is None or (
            event.name.endswith("DataLoader") and getattr(event.arg(2, "shuffle"), "const", None) is not True
        ):
            continue
        maker = makers.get(id(source)) or makers.get(id(fixed))
        if maker is None or not maker.inside(loop) or not any(maker.rounds):
            continue
        if not drawing.orders_training(p, event):
            continue
        told.add(id(event.node))
        yield p.report(
            "SB482",
            maker,
            f"the generator is seeded anew with {fixed.args[-1].const} in every epoch: the order is always the same",
            why="every epoch draws the same permutation (shuffle), so the batches are the same every time",
            fix="Make the generator once before the loop, or add the epoch to the seed",
        )


def _samplers(p: Program) -> Iterator[Finding]:
    """Samplers of the training data whose ``__iter__`` gives an order that was made once."""
    used = [loader.arg(4, "sampler") or loader.kwargs.get("batch_sampler") for loader, _ in d.training_loaders(p)]
    classes = {id(s.owner): s.owner for s in used if s is not None and hasattr(s.owner, "method")}
    for cls in classes.values():
        method, init = cls.method("__iter__"), cls.method("__init__")
        if method is None or init is None or any(isinstance(n, ast.While) for n in syntax.walk(method.node)):
            continue
        seeded = _seeded_alike(cls, method.node)
        if seeded is not None:
            yield p.report(
                "SB482",
                (seeded, method.src),
                f"{cls.name}.__iter__ seeds its generator alike in every epoch: the order is always the same",
                why="__iter__ runs once in every epoch and draws the same permutation again (shuffle, same batches)",
                fix="Add the number of the epoch to the seed, or make the generator in __init__",
            )
            continue
        name, node = _handed_on(method.node)
        makers = _made(init.node, name) if name else []
        text = " ".join(syntax.text(m) for m in makers)
        mixed = any(w in text for w in ("randperm", "permutation", "shuffle", "random.sample"))
        if not makers or _changes(cls, name) or not (mixed or "sort" in text) or set(words(cls.name)) & _PLANNED:
            continue
        yield p.report(
            "SB482",
            (makers[-1] if mixed else node, method.src),
            f"{cls.name} hands on self.{name}, an order that was made once: every epoch has the same "
            f"{'order' if mixed else 'batches'}",
            why="__init__ runs once and __iter__ in every epoch: nothing is shuffled again (shuffle, same batches)",
            fix="Draw the order in __iter__",
        )


def _seeded_alike(cls: Any, node: Any) -> ast.AST | None:
    """A generator in ``__iter__`` whose seed is a number or an attribute that nothing changes."""
    for call in (n for n in syntax.walk(node) if isinstance(n, ast.Call) and n.args):
        if syntax.text(call.func).rsplit(".", 1)[-1] not in (*GENERATORS, "manual_seed", "seed"):
            continue
        seed = call.args[-1]
        if isinstance(seed, ast.Constant) and isinstance(seed.value, int):
            return call
        if isinstance(seed, ast.Attribute) and syntax.text(seed.value) == "self":
            stores = [n for n in syntax.walk(cls.node) if isinstance(n, ast.Attribute) and n.attr == seed.attr]
            if sum(isinstance(n.ctx, ast.Store) for n in stores) == 1 and not hasattr(cls.method("set_epoch"), "node"):
                return call
    return None


_PLANNED = frozenset(["curriculum", "fixed", "sequential", "eval", "deterministic", "ordered"])
_MIXES = frozenset(["shuffle", "randperm", "permutation", "sample", "randint", "choice", "permuted", "roll"])


def _handed_on(node: Any) -> tuple[str, ast.AST]:
    """The attribute that ``__iter__`` gives as it is: ``return iter(self.order)``, ``yield from self.order``."""
    for n in syntax.walk(node):
        if isinstance(n, ast.Call) and syntax.text(n.func).rsplit(".", 1)[-1] in _MIXES:
            return "", node
    for n in syntax.walk(node):
        value: Any = n.value if isinstance(n, (ast.Return, ast.YieldFrom)) else None
        if isinstance(n, ast.For) and [
            syntax.text(y.value) for y in syntax.walk(n) if isinstance(y, ast.Yield) and y.value
        ] == [syntax.text(n.target)]:
            value = n.iter
        while isinstance(value, ast.Call) and syntax.text(value.func) in ("iter", "list") and value.args:
            value = value.args[0]
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "tolist":
            value = value.func.value
        if isinstance(value, ast.Attribute) and syntax.text(value.value) == "self":
            return value.attr, n
    return "", node


def _made(init: Any, name: str) -> list[ast.AST]:
    """Statements of a constructor that make an attribute, with those that make the names in them."""
    own = [n for n in syntax.walk(init) if isinstance(n, ast.Assign) and syntax.text(n.targets[0]) == f"self.{name}"]
    calls = [n for n in syntax.walk(init) if isinstance(n, ast.Call) and n.args and "shuffle" in syntax.text(n.func)]
    own += [n for n in calls if syntax.text(n.args[0]) == f"self.{name}"]  # type: ignore[misc]
    names = {m.id for n in own for m in syntax.walk(n) if isinstance(m, ast.Name)}
    before = [n for n in syntax.walk(init) if isinstance(n, ast.Assign) and syntax.text(n.targets[0]) in names]
    before += [n for n in calls if syntax.text(n.args[0]) in names]  # type: ignore[misc]
    return [*before, *own] if own else []


def _changes(cls: Any, name: str) -> bool:
    """Whether another method makes the order anew, or somebody may do it from outside (``set_epoch``)."""
    for method in (n for n in cls.node.body if isinstance(n, ast.FunctionDef) and n.name != "__init__"):
        if method.name == "set_epoch":
            return True
        for n in syntax.walk(method):
            if isinstance(n, ast.Attribute) and n.attr == name and isinstance(n.ctx, ast.Store):
                return True
            mixes = isinstance(n, ast.Call) and syntax.text(n.func).rsplit(".", 1)[-1] in _MIXES
            if mixes and isinstance(n, ast.Call) and any(f"self.{name}" in syntax.text(a) for a in n.args):
                return True
    return False


_SEEDED = frozenset(["manual_seed", *GENERATORS])


def _fixed(source: Val) -> Val | None:
    """The call that seeded a generator with a constant."""
    for one in (source, *source.args[:1]):
        if one.name in _SEEDED and one.args and one.args[-1].kind == "const" and type(one.args[-1].const) is int:
            return one
    return None


def _epochs(p: Program, event: Event) -> LoopRun | None:
    """The loop of epochs around an order that batches are taken from."""
    for loop in event.loops:
        if not rounds.repeats(loop):
            continue
        backs = [b for b in p.all("backward") if b.inside(loop)]
        made = [
            m for m in p.all("make", "call") if m.inside(loop) and m.result is not None and m.result.kind == "optimizer"
        ]
        if backs and not made:
            return loop
    return None
