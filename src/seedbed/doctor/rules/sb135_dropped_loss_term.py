"""A loss is computed but never reaches backward().

## What it does

Finds a loss that is computed in the training loop but never reaches `backward()`.

## Why is this bad

The part of the objective that it stands for has no influence on the weights.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    out = model(x)
    loss = F.mse_loss(out[:, 0], y)
    reg_loss = F.l1_loss(out[:, 1], y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    out = model(x)
    loss = F.mse_loss(out[:, 0], y)
    reg_loss = F.l1_loss(out[:, 1], y)
    (loss + reg_loss).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_WORDS = frozenset(("loss", "penalty", "reg", "kl", "kld", "regularizer", "aux", "losses", "l2", "l1"))
_SHOWN = frozenset(("item", "float", "detach", "data", "isnan", "isfinite", "round", "number"))


def _read(p: Program, name: str) -> bool:
    """Whether the name is read anywhere in the file."""
    return any(n.id == name and isinstance(n.ctx, ast.Load) for n in p.nodes(ast.Name))


def _of_trained(p: Program, val: Val) -> bool:
    """Whether it only adds up losses that backward() has got: a figure to show."""
    terms = [t for _, t in formulas.summands(val) if t.grad]
    return terms != [val] and all(p.trained(t) for t in terms)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.trains:
        return
    untrained = [
        (name, val, event)
        for name, val, event in p.assigns
        if val.kind == "tensor" and val.grad and event.loops and event.first and not p.trained(val)
        if val.shape in ((), None) and (set(words(name)) & _WORDS or (val.name == "loss" and not _read(p, name)))
    ]
    used: set[int] = set()
    for event in p.events if untrained else ():
        if event.kind in ("assign", "discard"):
            continue
        for val in [
            event.recv,
            *event.args,
            *event.kwargs.values(),
            *([event.result] if event.kind == "return" else []),
        ]:
            if val is not None:
                used.add(id(val))
                used.update(map(id, val.options()))
                used.update(map(id, val.inputs()))
    for name, val, event in untrained:
        if id(val) in used or _of_trained(p, val):
            continue
        if not any(b.loops == event.loops for b in p.all("backward")) or not any(
            v.name in ("loss", "mean", "sum", "norm", "add", "mul") for v in (val,)
        ):
            continue
        yield p.report(
            "SB135",
            event,
            f"{name} is computed but never added to what backward() gets: it has no influence",
            why="only what reaches backward() trains the model",
            fix=f"Add {name} to the loss before backward(), or delete it",
        )
    yield from _shown_totals(p)
    yield from _left_in_table(p)


_REGULAR = frozenset(("kl", "kld", "penalty", "reg", "regularizer", "aux"))


def _left_in_table(p: Program) -> Iterator[Finding]:
    """``{"rec": rec, "kl": kl}`` that a function returns, of which only the one is trained and the other only shown."""
    if not p.complete:
        return
    seen: set[int] = set()
    for event in p.all("return"):
        table = event.result if event.result is not None else event.args[0] if event.args else None
        parts = table.attrs if table is not None and table.kind == "dict" else {}
        if not event.loops or not event.grad or not any(p.trained(v) for v in parts.values()):
            continue
        if table is None or any(_alike(e.recv, table) and e.args and e.args[0].const is None for e in p.all("getitem")):
            continue  # read by a name that is not known
        for name, val in parts.items():
            if val.kind != "tensor" or not val.grad or id(val.node) in seen or not set(words(name)) & _REGULAR:
                continue
            if any(v.node is val.node and p.trained(v) for v in p.values()) or _goes_on(p, val, table):
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB135",
                val,
                f"{name} is a term of the loss that is returned, but backward() never gets it: it has no influence",
                why=f"{name} is only shown, so nothing pulls the weights to what it asks for",
                fix=f"Add {name} to the loss before backward()",
                related=((str(event.src.path), event.line, "returned here"),),
            )


def _alike(one: Val | None, table: Val) -> bool:
    return one is not None and one.node is table.node


def _shown_totals(p: Program) -> Iterator[Finding]:
    """``loss = a + w * b`` that is only printed, while ``a`` alone is what backward() gets."""
    if not p.complete:
        return
    for name, val, event in p.assigns:
        if val.name != "add" or not val.grad or not event.first or p.trained(val):
            continue
        terms = [t for _, t in formulas.summands(val) if t.grad]
        trained = [t for t in terms if p.trained(t)]
        lost = [
            t for t in terms if t not in trained and not any(p.trained(f) for f, _ in formulas.factors(t) if f.grad)
        ]
        if not trained or not lost or not _is_number(p, val) or _goes_on(p, val):
            continue
        yield p.report(
            "SB135",
            event,
            f"{name} is the total loss, but backward() gets only a part of it: its other term is never trained",
            why=f"{name} is only shown (item()), so the auxiliary term in it has no influence on the weights",
            fix=f"Give {name} itself to backward() (return it instead of the single term)",
        )


def _is_number(p: Program, val: Val) -> bool:
    return val.shape == () or any(u.name in ("item", "float") for u in p.users(val))


def _goes_on(p: Program, val: Val, table: Val | None = None) -> bool:
    """Whether a total is used for anything but a figure to show; that it stands in ``table`` is no use."""
    if any(u.name not in _SHOWN for u in p.users(val) if u is not table):
        return True
    kept = (
        e for e in p.all("keep", "return", "setitem", "attribute", "call", "invoke") if e.name not in ("print", "round")
    )
    told = (e for e in kept if table is None or e.node is not table.node)  # dict(kl=kl) is what makes the table
    return any(a is val for e in told for a in (*e.args, *e.kwargs.values(), e.result))
