"""A penalty on the weights has no gradient, the wrong sign, or no norm.

## What it does

Finds penalties on parameters in a loss that are made from `.data`, `.detach()` or `.item()`, that are subtracted
instead of added, or that sum the weights without absolute value or square.

## Why is this bad

A penalty outside autograd adds a number to the printed loss and nothing to the gradient. A subtracted penalty
makes the weights grow; a plain sum is lowest for large negative weights.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    l1 = sum(w.data.abs().sum() for w in model.parameters())
    loss = F.mse_loss(model(x).squeeze(1), y) + 1e-3 * l1
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    l1 = sum(w.abs().sum() for w in model.parameters())
    loss = F.mse_loss(model(x).squeeze(1), y) + 1e-3 * l1
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_CUTS = ("data", "detach", "item", "numpy", "tolist", "float_builtin")
_NORMS = ("abs", "pow", "square", "norm", "vector_norm", "matrix_norm", "mul", "sqrt", "dot", "matmul", "einsum", "log")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None or back.name == "grad":
            continue
        terms = _spread(back.recv)
        if len(terms) < 2 or not any(f.from_model(t) and t.grad for _, t in terms):
            continue
        for sign, term in terms:
            found = _penalty(term)
            if found is None or id(found[1].node) in seen:
                continue
            weights, top, through = found
            cut = next((v for v in through if v.name in _CUTS), None)
            if cut is not None:
                said = f"the weight penalty is cut from autograd by .{cut.name}: it has no gradient and no effect"
                why = "it adds a number to the loss that is detached from the weights, so they are not regularised"
                fix = f"Leave out .{cut.name}: use the parameter itself"
                where = cut
            elif not term.grad and not weights.grad and weights.name == "parameter" and "frozen" not in weights.tags:
                said = "the weight penalty is computed under no_grad: it is detached and has no gradient"
                why = "it adds a number to the loss, but the weights are not regularised"
                fix = "Compute the penalty outside torch.no_grad()"
                where = top
            elif sign < 0 and any(v.name in _NORMS for v in through):
                said = "the sign of the weight penalty is wrong: it is subtracted, so the weights are driven up"
                why = "the optimizer minimises the loss, and a larger norm makes it smaller"
                fix = "Add the penalty: loss + strength * norm"
                where = top
            elif any(v is weights for _, t in terms if t is not term for v in ancestors(t, limit=600)):
                continue  # it weighs another term: the logarithm of a variance, not a weight that is held small
            elif not any(v.name in _NORMS for v in through) and top.name in ("sum", "mean"):
                said = "the weight penalty sums the weights without abs() or square: it is no norm"
                why = "negative weights make it smaller without bound, so it drives the weights down, not to zero"
                fix = "Use weight.abs().sum() (L1) or weight.pow(2).sum() (L2)"
                where = top
            else:
                continue
            seen.add(id(found[1].node))
            yield p.report("SB268", where, said, why=why, fix=fix, related=(q.place(weights),))

    yield from _left_out(p)


def _left_out(p: Program) -> Iterator[Finding]:
    """A penalty that is added to a loss after (or beside) the one that backward() gets."""
    seen: set[int] = set()
    for event in p.all("assign", "augment"):
        val = event.result if event.kind == "assign" else None
        if val is None or val.name not in ("add", "Add") or p.trained(val) or not val.grad or id(val.node) in seen:
            continue
        terms = _spread(val)
        trained = [t for _, t in terms if t.name == "loss" and p.trained(t)]
        found = next((x for _, t in terms if not p.trained(t) and (x := _penalty(t)) is not None), None)
        if not trained or found is None:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB268",
            event,
            "the weight penalty is added to a value that backward() never gets: it has no effect",
            why="backward() runs on the loss without the penalty, so the weights are not regularised",
            fix="Call backward() on the sum of loss and penalty",
            related=(q.place(trained[0]),),
        )


def _spread(root: Val) -> list[tuple[int, Val]]:
    """The summands of a loss, with running sums and constant factors opened."""
    found: list[tuple[int, Val]] = []
    stack, seen = [(1, root)], set[tuple[int, int]]()
    while stack and len(seen) < 300:
        sign, val = stack.pop()
        one = f.core(val)
        if (sign, id(one)) in seen:
            continue
        seen.add((sign, id(one)))
        if one.kind == "phi":
            stack += [(sign, o) for o in one.options()]
        elif one.name == "neg" and one.args:
            stack.append((-sign, one.args[0]))
        elif one.name in ("add", "Add", "sub") and len(one.args) == 2:
            stack += [(sign, one.args[0]), (sign if one.name != "sub" else -sign, one.args[1])]
        elif one.name == "scaled" and one.args:
            stack.append((sign, one.args[0]))
        elif one.name in ("mul", "div") and len(one.args) == 2 and (open_ := _factor(one)) is not None:
            stack.append((sign * open_[0], open_[1]))
        elif one.name == "sum" and one.args and one.args[0].kind in ("list", "iter", "tuple") and one.args[0].items:
            stack += [(sign, i) for i in one.args[0].items]
        else:
            found.append((sign, one))
    return found


def _factor(val: Val) -> tuple[int, Val] | None:
    """The sign of a plain number and what it multiplies; ``None`` for a product of two tensors."""
    one, two = val.args
    for number, rest in ((two, one), (one, two)):
        if val.name == "div" and number is one:
            continue
        inner = f.core(number)
        plain = inner.kind in ("const", "number") or (inner.kind == "unknown" and not inner.grad)
        if plain and rest.kind != "const":
            negative = isinstance(inner.const, (int, float)) and inner.const < 0
            return (-1 if negative else 1), rest
    return None


def _penalty(term: Val) -> tuple[Val, Val, list[Val]] | None:
    """The parameter that a term is made of alone, the term's top, and the operations between."""
    through: list[Val] = []
    current = term
    for _ in range(12):
        if current.kind == "phi":
            options = [o for o in current.options() if o.kind == "tensor"]
            if len(options) != 1:
                return None
            current = options[0]
        if current.name in ("parameter", "Parameter") and current.kind == "tensor":
            return (current, term, through) if through else None
        if current.kind not in ("tensor", "number") or not current.args:
            return None
        through.append(current)
        tensors = [a for a in current.args if a.kind in ("tensor", "number", "phi", "list", "iter")]
        if len(tensors) > 1 and not all(f.same(t, tensors[0]) for t in tensors):
            return None
        if not tensors:
            return None
        nested = tensors[0].items if tensors[0].kind in ("list", "iter") else None
        if tensors[0].kind in ("list", "iter") and not nested:
            return None
        current = nested[0] if nested else tensors[0]
    return None
