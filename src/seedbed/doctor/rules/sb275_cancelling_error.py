"""Errors of both signs cancel in the loss.

## What it does

Finds losses that are the mean of `prediction - target` without square or absolute value, or the square or absolute
value of that mean.

## Why is this bad

The plain mean has no lower bound: predictions run away to one side. The square of the mean only asks that the average
is right, which a constant fulfils.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = (model(x).squeeze(1) - y).mean() ** 2
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = ((model(x).squeeze(1) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None or back.name == "grad":
            continue
        for root in f.core(back.recv).options():
            terms = [t for _, t in f.plain_terms(root) if t.grad]
            open_ones = [t for t in terms if len(terms) > 1 and _open_residual(t)]
            terms = open_ones or terms
            if len(terms) != 1 or id(terms[0].node) in seen:
                continue
            term, closed = terms[0], ""
            if term.name in ("pow", "square", "abs") and term.args:
                term, closed = f.core(term.args[0]), "square or abs() is taken after the mean"
            if not open_ones and not _plain_mean(term, bool(closed)):
                continue
            seen.add(id(terms[0].node))
            yield p.report(
                "SB275",
                terms[0],
                f"errors of both signs cancel in the loss: {closed or 'the error has no square or abs()'}",
                why="positive and negative errors add up to zero (or the loss falls without end), "
                "so single predictions are not fitted",
                fix="Take the square or abs() of every error first: ((pred - y) ** 2).mean()",
                related=((str(back.src.path), back.line, "backward()"),),
                severity=_shown(back, terms[0]),
            )


def _shown(back: Event, term: Val) -> Severity | None:
    """A hint where one step is made on numbers that were drawn: it shows the calls, nothing is learned."""
    parts = list(ancestors(term, limit=200))
    drawn = any(v.name in ("rand", "randn") for v in parts) and not any(v.name in ("batch", "element") for v in parts)
    return Severity.HINT if drawn and not back.loops and not back.funcs else None


def _plain_mean(val: Val, closed: bool) -> bool:
    if val.name in ("mean", "sum") and val.args and (len(val.args) == 1 and not val.kwargs):
        diff = _unweighted(f.core(val.args[0]))
        return diff.name == "sub" and len(diff.args) == 2 and _pair(diff.args[0], diff.args[1])
    return False


_FIXED = frozenset(["linspace", "arange", "ones", "full", "logspace", "tensor", "as_tensor", "hann_window", "flip"])


def _unweighted(val: Val) -> Val:
    """An error without the fixed weights that it is multiplied with: the same for every sample, made of numbers."""
    for _ in range(4):
        if val.name not in ("mul", "div") or len(val.args) != 2:
            break
        fixed = [not a.grad and _is_fixed(a) for a in val.args]
        if sum(fixed) != 1 or (val.name == "div" and fixed[0]):
            break
        val = f.core(val.args[1] if fixed[0] else val.args[0])
    return val


def _is_fixed(val: Val) -> bool:
    """Whether a weight was written down, and none of its numbers is negative as far as they can be seen."""
    for one in ancestors(val, limit=40):
        if one.kind == "const":
            if isinstance(one.const, (int, float)) and one.const < 0:
                return False
        elif one.kind not in ("list", "tuple") and not (one.kind == "tensor" and f.core(one).name in _FIXED):
            return False
    return True


def _pair(one: Val, other: Val) -> bool:
    """A prediction and a target."""
    if one.grad == other.grad:
        return False
    guess, target = (one, other) if one.grad else (other, one)
    if not f.from_model(guess) or f.from_model(target) or target.kind not in ("tensor", "unknown"):
        return False
    return _output(guess)


def _output(val: Val) -> bool:
    """Whether a prediction is a model's output itself: no error that was measured from it, no sum with other data."""
    stack, seen = [val], set[int]()
    while stack:
        one = stack.pop()
        if id(one) in seen or not one.grad or (one.owner is not None and one.name == "forward"):
            continue
        seen.add(id(one))
        sums = one.name in ("add", "sub") and any(not a.grad and a.kind not in ("const", "number") for a in one.args)
        if sums or one.name in ("pow", "square", "abs", "loss"):
            return False
        stack.extend(one.args)
    return True


def _open_residual(val: Val) -> bool:
    """Whether a term is the plain mean of a differential equation's residual, a sum of several derivatives."""
    if val.name != "mean" or not val.args:
        return False
    derivatives = 0
    for _, term in f.plain_terms(val.args[0]):
        parts = [f.core(v) for v, _ in f.factors(term)]
        derivatives += any(
            v.name == "grads" or (v.name in ("getitem", "part") and v.args and f.core(v.args[0]).name == "grads")
            for v in parts
        )
    return derivatives > 1
