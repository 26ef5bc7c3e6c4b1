"""A term of the loss, or a noised input, is computed in the training loop and never used.

## What it does

Finds a name that gets a number with a gradient (a mean, a sum, a loss), or an input with noise, in the loop that
trains, and that nothing ever reads; and importance weights of prioritized samples that no loss gets.

## Why is this bad

The penalty, the divergence or the noise that the method needs has no effect: it is not in what backward() gets.

## Example

```python
for x, y in loader:
    code = encoder(x)
    loss = F.cross_entropy(head(code), y)
    sparsity = 0.01 * code.abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
for x, y in loader:
    code = encoder(x)
    loss = F.cross_entropy(head(code), y)
    sparsity = 0.01 * code.abs().mean()
    optimizer.zero_grad()
    (loss + sparsity).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_REDUCED = frozenset(["mean", "sum", "loss", "norm", "nanmean"])
_NOISE = frozenset(["randn_like", "randn", "rand_like", "np_randn", "np_normal", "normal"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    backs = p.all("backward")
    if not p.complete or not backs:
        return
    read = {n.id for n in q.everywhere(p, ast.Name) if not isinstance(n.ctx, ast.Store)}
    read |= {w for n in q.everywhere(p, ast.Global, ast.Nonlocal) for w in n.names}
    if {"locals", "globals", "vars", "eval", "exec"} & read:
        return
    yield from _ignored_weights(p)
    seen: set[int] = set()
    for name, val, event in p.assigns:
        if name in read or name.startswith("_") or not event.loops or id(event.node) in seen:
            continue
        if not isinstance(event.node, ast.Name) or not any(_together(event, b) for b in backs):
            continue
        term, noisy = _is_term(p, val), _is_noisy(val)
        if not term and not noisy:
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB886",
            event,
            f"{name} is computed but never used: "
            + ("it is no part of the loss" if term else "the noise has no effect"),
            why="what backward() gets does not depend on it, so nothing is learnt from it",
            fix=f"Add {name} to the loss, or delete it"
            if term
            else f"Give {name} to the model instead of the clean input",
        )


def _ignored_weights(p: Program) -> Iterator[Finding]:
    """Importance weights ``(n * p[i]) ** -beta`` of samples that were drawn with ``p``, and which no loss gets."""
    weights = {id(v): v for v in p.made("pow") if _importance(v) and not p.trained(v) and not _escapes(p, v)}
    told: set[int] = set()
    for _, given, event in p.assigns if weights else ():
        val = next((weights[id(v)] for v in ancestors(given, limit=30) if id(v) in weights), None)
        backs = [b for b in p.all("backward") if event.loops and _together(event, b) and b.recv is not None]
        if val is None or not backs or id(val.node) in told:
            continue
        told.add(id(val.node))
        loss = backs[0].recv
        yield p.report(
            "SB886",
            loss if loss is not None and loss.line else backs[0],
            "the importance weights of the prioritized samples are never multiplied into the loss",
            why="samples are drawn more or less often by their priority; without the weights that bias stays in the "
            "gradient",
            fix="Weigh each sample: loss = (weights * error.pow(2)).mean()",
            related=(q.place(val),),
        )


def _importance(val: Val) -> bool:
    """Whether it is a negative power of the probabilities with which samples were drawn."""
    if len(val.args) != 2:
        return False
    power = val.args[1]
    if power.name != "neg" and not (isinstance(power.const, float) and -1 <= power.const < 0):
        return False
    for part, _ in f.factors(val.args[0]):
        if part.name == "getitem" and len(part.args) == 2:
            chance, draw = f.core(part.args[0]), f.core(part.args[1])
            given = [f.core(a) for a in (*draw.args, *draw.kwargs.values())]
            if draw.name in ("np_choice", "multinomial") and any(g is chance for g in given):
                return True
    return False


def _escapes(p: Program, val: Val) -> bool:
    """Whether what is made of a value goes where nobody looks: into a call or a place that is not understood."""
    stack, seen = [val], set[int]()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind not in ("tensor", "number", "tuple", "phi", "list"):
            return True
        stack.extend(p.users(one))
    kept = (a for e in p.all("attribute", "setitem", "keep") for a in e.args)
    return any(id(o) in seen for a in kept for o in a.options())


def _together(event: Event, back: Event) -> bool:
    return bool(back.loops) and event.loops[-1].node in [r.node for r in back.loops] and event.funcs == back.funcs


def _is_term(p: Program, val: Val) -> bool:
    """Whether a value is one number with a gradient that backward() does not get, nor a part of it."""
    if val.kind != "tensor" or not val.grad or p.trained(val):
        return False
    one = val
    for _ in range(4):
        if one.name in ("mul", "div", "neg") and one.args:
            one = next((a for a in one.args if a.grad), one)
    if one.name not in _REDUCED or (one.name != "loss" and (len(one.args) > 1 or one.kwargs)):
        return False
    if one.name == "loss" and "reduction=none" in one.tags:
        return False
    return not any(v.name in _REDUCED and v is not val and p.trained(v) for v in ancestors(val, limit=400))


def _is_noisy(val: Val) -> bool:
    """Whether a value is something plus noise that was drawn for it."""
    if val.kind != "tensor" or val.grad or val.name != "add" or len(val.args) != 2:
        return False
    kinds = [any(v.name in _NOISE for part, _ in f.factors(a) for v in f.core(part).options()) for a in val.args]
    return kinds.count(True) == 1
