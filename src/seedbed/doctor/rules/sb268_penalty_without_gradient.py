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
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_CUTS = ("data", "detach", "item", "numpy", "tolist", "float_builtin", "tensor")
_CALLED = {
    "tensor": ("torch.tensor()", "it copies the numbers; join the terms with torch.stack() or sum()"),
    "float_builtin": ("float()", "keep the tensor"),
}
_NORMS = ("abs", "pow", "square", "norm", "vector_norm", "matrix_norm", "mul", "sqrt", "dot", "matmul", "einsum", "log")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        root = _minimised(p, back)
        if root is None:
            continue
        terms = _spread(root)
        if len(terms) < 2 or not any(f.from_model(t) and t.grad for _, t in terms):
            continue
        for sign, term in terms:
            found = _penalty(term)
            if found is None or id(found[1].node) in seen:
                continue
            weights, top, through = found
            told = _without_gradient(term, weights, top, through)
            if told is not None:
                where, said, why, fix = told
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


def _without_gradient(term: Val, weights: Val, top: Val, through: list[Val]) -> tuple[Val, str, str, str] | None:
    """Where a penalty is cut from its weights, with what to say."""
    cut = next((v for v in through if v.name in _CUTS), None)
    why = "it adds a number to the loss that is detached from the weights, so they are not regularised"
    if cut is not None:
        how, instead = _CALLED.get(cut.name, ("." + cut.name, "use the parameter itself"))
        said = f"the weight penalty is cut from autograd by {how}: it has no gradient and no effect"
        return cut, said, why, f"Leave out {how}: {instead}"
    if term.grad or weights.grad or weights.name != "parameter" or "frozen" in weights.tags:
        return None
    stored = bool(weights.args) and weights.args[0].kind == "state"
    place = "from state_dict(), whose tensors are detached" if stored else "under no_grad"
    said = f"the weight penalty is computed {place}: it is cut from autograd and has no gradient"
    return top, said, why, "Use model.named_parameters()" if stored else "Compute the penalty outside torch.no_grad()"


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


def _minimised(p: Program, back: Event) -> Val | None:
    """What is minimised: the loss of ``backward()``, or of a ``torch.autograd.grad`` with respect to parameters."""
    if back.name != "grad":
        return back.recv
    call = next((c for c in p.first_calls("grad") if c.node is back.node), None)
    wanted = call.arg(1, "inputs") if call is not None else None
    stack = [wanted] if wanted is not None else []
    for _ in range(20):
        one = stack.pop() if stack else None
        if one is None:
            return None
        if one.kind == "params" or one.name in ("parameter", "Parameter"):
            return back.arg(0, "outputs")
        if one.kind in ("list", "tuple", "iter", "phi"):
            stack += [*one.args, *(one.items or ())]
    return None


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
        if current.kind == "tensor" and current.args and current.args[0].kind == "params":
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
