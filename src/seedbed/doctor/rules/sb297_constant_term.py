"""A term of the loss is a plain number: it gives no gradient.

## What it does

Finds sums that are trained in which one term was made from the model's output but is cut off from it: by `.item()`,
`float()`, `torch.no_grad()` or `.detach()`.

## Why is this bad

The term shifts the value that is printed and changes nothing in training: the auxiliary loss, penalty or Dice term is
never minimised.

## Example

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    out = model(x)
    loss = F.cross_entropy(out, y) + 0.1 * out.pow(2).mean().item()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    out = model(x)
    loss = F.cross_entropy(out, y) + 0.1 * out.pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_NUMBERS = frozenset(["item", "float_builtin", "tolist"])
_PASS = frozenset(["to", "float", "double", "scaled", "tensor", "as_tensor", "mul", "div", "mean", "sum", "detach"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None or back.name == "grad":
            continue
        terms = list(_terms(back.recv))
        if not any(t.grad for t in terms):
            continue
        for term in terms:
            cut = _cut(term)
            if cut is None:
                yield from _detached(p, term, back, seen)
                continue
            if id(cut.node) in seen:
                continue
            seen.add(id(cut.node))
            how = {"item": ".item()", "float_builtin": "float()", "tolist": ".tolist()"}[cut.name]
            yield p.report(
                "SB297",
                cut,
                f"a term of the loss is a plain number ({how}): no gradient flows through it",
                why="it changes the value that is printed, but the weights are never trained on it",
                fix=f"Delete {how} in the term; take it only for what is printed",
                related=((str(back.src.path), back.line, "backward()"),),
            )


_CHOSEN = frozenset(["argmin", "argmax", "topk_indices", "one_hot"])


def _detached(p: Program, term: Val, back: Event, seen: set[int]) -> Iterator[Finding]:
    """A term that measures something detached, and nothing else that is trained."""
    if term.grad or term.kind != "tensor" or term.name in ("detach", "data"):
        return  # what is detached as a whole is meant to be a number
    made = list(ancestors(term, limit=200))
    cuts = [v for v in made if v.kind == "tensor" and v.name == "detach" and v.args and v.args[0].grad]
    if len(made) >= 200 or not cuts or not any(v.name in _MEASURES for v in made):
        return
    beyond = {id(a) for c in cuts for a in ancestors(c.args[0]) if a is not c}
    above = [v for v in made if id(v) not in beyond]
    if any(v.grad or v.kind in ("phi", "unknown") or v.name in _CHOSEN for v in above):
        return
    cut = next((c for c in cuts if id(c.node) not in seen), None)
    if cut is None or not all(_held(p, c) for c in cuts):
        return
    seen.add(id(cut.node))
    said = syntax.text(cut.node) if isinstance(cut.node, ast.Call) else ".detach()"
    yield p.report(
        "SB297",
        cut,
        f"a term of the loss is made from {said} and nothing else that is trained: no gradient flows through it",
        why="the term (a distillation, matching or auxiliary loss) shifts the value that is printed, but the weights "
        "are never trained on it",
        fix="Delete the .detach() of what should learn; detach the teacher or target instead",
        related=((str(back.src.path), back.line, "backward()"),),
    )


_MEASURES = frozenset(["mean", "sum", "loss", "norm"])


def _held(p: Program, cut: Val) -> bool:
    """Whether what was cut off is the output of a module that an optimizer holds."""
    held = [m for _, o, _ in ownership.optimizers(p) for m in ownership.held(o)]
    made = [v.owner for v in ancestors(cut.args[0], limit=200) if getattr(v.owner, "kind", "") == "module"]
    return any(m is one or ownership.contains(m, one) for one in made for m in held)


def _terms(root: Val) -> Iterator[Val]:
    """The summands of a loss; terms that are subtracted are baselines and tricks, and are left out."""
    stack, count = [root], 0
    while stack and count < 40:
        one = stack.pop()
        count += 1
        if one.kind == "phi" or (one.name in ("add", "Add") and len(one.args) == 2):
            stack.extend(one.args)
        elif one.grad and one.name in ("mean", "sum", "scaled", "div", "mul") and one.args:
            first = [a for a in one.args if a.grad]
            if len(first) == 1 and all(a is first[0] or a.kind in ("const", "number") for a in one.args):
                stack.append(first[0])
            else:
                yield one
        else:
            yield one


def _cut(term: Val) -> Val | None:
    """Where a term without a gradient was taken off something that has one."""
    current = term
    for _ in range(8):
        if current.grad:
            return None
        if current.kind in ("list", "tuple") and current.items:
            numbers = all(i.name in _NUMBERS for i in current.items)
            return next((c for i in current.items if (c := _cut(i)) is not None), None) if numbers else None
        if current.name in _NUMBERS and current.args:
            return current if any(v.grad for v in ancestors(current.args[0], limit=60)) else None
        if current.name not in _PASS or not current.args:
            return None
        rest = [a for a in current.args if a.kind != "const"]
        if len(rest) != 1:
            return None
        current = rest[0]
    return None
