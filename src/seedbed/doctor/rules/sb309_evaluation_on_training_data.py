"""The evaluation uses the training data.

## What it does

Finds an evaluation that runs over the training data although there is validation data.

## Why is this bad

The measured quality is that of what the model has seen: overfitting is invisible.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset
train_loader = DataLoader(TensorDataset(torch.randn(100, 4), torch.zeros(100).long()), batch_size=10, shuffle=True)
val_loader = DataLoader(TensorDataset(torch.randn(50, 4), torch.zeros(50).long()), batch_size=10)
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    for x, y in train_loader:
        pred = model(x).argmax(1)
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset
train_loader = DataLoader(TensorDataset(torch.randn(100, 4), torch.zeros(100).long()), batch_size=10, shuffle=True)
val_loader = DataLoader(TensorDataset(torch.randn(50, 4), torch.zeros(50).long()), batch_size=10)
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

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds, syntax, training
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, LoopRun, Place, Program
from seedbed.doctor.static.values import Val, ancestors

_MADE = frozenset(["ones", "zeros", "full", "fill_", "ones_like", "zeros_like", "new_ones", "new_zeros"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains:
        return
    loops = [(e, rounds.base_of_loop(_run(e))) for e in p.all("loop")]
    trained = [o for e, over in loops if over is not None and _trains(p, e) for o in over.options()]
    held_out = [
        v for n, v, e in p.assigns if v.kind in ("loader", "dataset", "tensor") and split_of(n) in ("val", "test")
    ]
    if not held_out:
        return
    unused: list[Val] | None = None  # worked out for the first evaluation that asks
    seen: set[int] = set()
    for event in training.evaluations(p):
        loop = event.loop
        over = rounds.base_of_loop(loop) if loop is not None else None
        source = over if over is not None and rounds.is_loader_loop(loop) else event.arg(0)
        if source is None or id(event.node) in seen:
            continue
        fed = [a for a in ancestors(event.args[0], limit=200) if a.kind == "loader"] if event.args else []
        if len(fed) == 1 and not any(rounds.is_loader_loop(x) for x in event.loops):
            source = fed[0]  # a comprehension walks over it
        if fed and not any(_same_rows(a, t) for a in fed for t in trained):
            continue  # called inside the training loop, with a batch of another loader
        same = any(_same_rows(o, t) for o in source.options() for t in trained)
        if not same and not (source.kind == "tensor" and source.split == "train"):
            continue
        named = (
            any(set(words(f.name)) & {"val", "validate", "validation", "test"} for f in event.funcs)
            or event.mode == "eval"
            or not event.grad
        )
        told = [n.value for node, _ in event.sites for n in syntax.walk(node) if isinstance(n, ast.Constant)]
        if any(isinstance(t, str) and "train" in t.lower() for t in told):
            continue
        if not named:
            continue
        if unused is None:
            unused = _unused(p, held_out, [o for _, over in loops if over is not None for o in over.options()])
        if not unused:
            return
        if _says_train(p, event) and _held_out_too(p, event, trained):
            continue
        seen.add(id(event.node))
        where = loop if loop is not None and rounds.is_loader_loop(loop) else None
        yield p.report(
            "SB309",
            _handed_in(p, event, source) if event.sites else (where.node, where.src) if where is not None else event,
            "the evaluation uses the training data: the validation data is never used",
            why=f"{unused[0].var} (line {unused[0].line}) is made but never evaluated, so overfitting stays invisible",
            fix=f"Evaluate on {unused[0].var}",
            related=(q.place(unused[0]),),
        )


def _same_rows(one: Val, trained: Val) -> bool:
    """Whether two things are the same data: one loader, or two loaders of one data set."""
    if one.kind != "loader" or trained.kind != "loader" or not one.args or not trained.args:
        return one is trained
    return one is trained or (one.args[0].kind == "dataset" and one.args[0] is trained.args[0])


def _unused(p: Program, held_out: list[Val], used: list[Val]) -> list[Val]:
    """Held-out data that no model, loop or measure gets to see."""
    touched: set[int] = set()
    for e in training.forwards(p):
        for a in e.args:
            touched |= {id(v) for v in ancestors(a, limit=300)}
    for o in used:
        touched |= {id(v) for v in ancestors(o, limit=100)}
    for e in p.all("call", "compare", "loss"):
        touched |= {id(v) for a in (*e.args, *e.kwargs.values()) for v in ancestors(a, limit=300)}
    picked = {id(e.recv) for e in p.all("getitem")}
    return [v for v in held_out if id(v) not in touched and id(v) not in picked and _is_data(v)]


def _says_train(p: Program, event: Event) -> bool:
    """Whether what comes of it goes to names that say that it is the training data: it is measured beside the rest."""
    sites = {id(node) for node, _ in event.sites}
    for part in p.nodes(ast.Assign):
        if id(part.value) in sites:
            targets = [n for t in part.targets for n in (t.elts if isinstance(t, ast.Tuple) else [t])]
            names = [syntax.text(t).rsplit(".", 1)[-1] for t in targets]
            if names and all({"train", "training"} & set(words(n)) for n in names):
                return True
    return False


def _held_out_too(p: Program, event: Event, trained: list[Val]) -> bool:
    """Whether the same call of the model measures other data that is held out by its name."""
    for other in training.evaluations(p):
        given = other.args[:1] if other.node is event.node else ()
        fed = [a for one in given for a in ancestors(one, limit=200) if a.kind == "loader"]
        if any(rounds.split_of_val(o) in ("val", "test") for o in fed) and not any(
            o is t for o in fed for t in trained
        ):
            return True
    return False


def _is_data(val: Val) -> bool:
    """Whether a held-out thing is data to measure on: not filled by hand, no scores of a model, no class numbers."""
    if any(a.name == "forward" for a in ancestors(val, limit=200)):
        return False
    if val.kind != "tensor":
        return True
    filled = any(a.name in _MADE for a in ancestors(val, limit=30))
    return not filled and (val.dtype == "float" or val.name == "train_test_split")


def _handed_in(p: Program, event: Event, source: Val) -> Place | Event:
    """The call that hands the training data to the function that evaluates; else the outermost call."""
    given_in = [o for s in source.options() for o in (s, *(s.args[:1] if s.kind == "loader" else ()))]
    names = {n for n, v, _ in p.assigns if any(o is s for o in v.options() for s in given_in)}
    for node, src in reversed(event.sites):
        given = [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
        if src is p.source and any(syntax.text(a) in names for a in given):
            outer = [n for f in event.funcs for n in (getattr(f.node, "args", None),) if n is not None]
            inside = {a.arg for n in outer for a in n.args}
            if not all(syntax.text(a) in inside for a in given if syntax.text(a) in names):
                return node, src
    return q.site(event)


def _run(event: Event) -> LoopRun:
    return LoopRun(event.node, event.src, event.recv)


def _trains(p: Program, loop: Event) -> bool:
    return any(any(r.node is loop.node and r.over is loop.recv for r in b.loops) for b in p.all("backward"))
