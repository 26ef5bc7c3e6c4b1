"""A layer only chooses: its scores never weight what is chosen, so it gets no gradient.

## What it does

Finds routers and gates in a trained model whose output reaches the loss only through `argmax`, the indices of `topk`
or `max`, a comparison or `one_hot`; and the gate of a single choice (`topk(1)`) that is divided by its own sum.

## Why is this bad

A choice has no gradient. The layer that makes it keeps its random weights, so the experts are picked at random.

## Example

```python
class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(8, 2)
        self.experts = nn.ModuleList([nn.Linear(8, 8) for _ in range(2)])

    def forward(self, x):
        probs = self.router(x).softmax(dim=-1)
        weight, choice = probs.max(dim=-1)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            rows = choice == i
            out[rows] = expert(x[rows])
        return out

model = Mixture()
optimizer = torch.optim.Adam(model.parameters())
x = torch.randn(64, 8)
for step in range(10):
    optimizer.zero_grad()
    F.mse_loss(model(x), x.flip(1)).backward()
    optimizer.step()
```

## Use instead

```python
class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(8, 2)
        self.experts = nn.ModuleList([nn.Linear(8, 8) for _ in range(2)])

    def forward(self, x):
        probs = self.router(x).softmax(dim=-1)
        weight, choice = probs.max(dim=-1)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            rows = choice == i
            out[rows] = expert(x[rows]) * weight[rows, None]
        return out

model = Mixture()
optimizer = torch.optim.Adam(model.parameters())
x = torch.randn(64, 8)
for step in range(10):
    optimizer.zero_grad()
    F.mse_loss(model(x), x.flip(1)).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import op_shapes, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_CHOICES = frozenset(
    [
        *("argmax", "argmin", "topk_indices", "sort_indices", "argsort", "one_hot", "bernoulli", "multinomial"),
        *("compare", "gt", "ge", "lt", "le", "eq"),
    ]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains or not _chosen(p):
        return
    yield from _always_one(p)
    flowing, reached = _flows(p)
    held = {id(m) for _, o, _ in ownership.optimizers(p) for m in ownership.held(o)}
    frozen = ownership.frozen(p)
    alive: set[int] = set()
    idle: dict[int, Event] = {}
    for event in p.all("forward"):
        layer = event.recv
        if layer is None or layer.kind != "module" or not layer.name.startswith(ownership.WEIGHTED):
            continue
        if event.result is None or id(event.result) in flowing or event.result.kind != "tensor":
            alive.add(id(layer))
        elif event.grad and event.depth and id(event.result) in reached:
            idle.setdefault(id(layer), event)
    for key, event in idle.items():
        made, layer = event.result, event.recv
        if key in alive or key not in held or key in frozen or made is None or layer is None:
            continue
        choice = _choice(p, made)
        if choice is None:
            continue
        name = layer.var or layer.name
        yield p.report(
            "SB551",
            _use(p, choice, event) or choice,
            f"{name} only chooses ({choice.name}): its scores never weight what is chosen, so it gets no gradient",
            why="argmax and indices pass no gradient back: the router (gate) keeps its random weights and is never "
            "trained",
            fix="Multiply what is chosen by its gate probability: expert(x) * probs.gather(-1, choice)",
            related=(q.place(made),),
        )


def _always_one(p: Program) -> Iterator[Finding]:
    """The gate of the one expert that is chosen, divided by the sum of the gates that are chosen: by itself."""
    seen: set[int] = set()
    for made in p.made("div", "true_divide", "softmax"):
        if not made.args or not made.grad or id(made.node) in seen or not p.trained(made):
            continue
        gate = f.core(made.args[0])
        axis = op_shapes.dim_of(made.args, made.kwargs)
        if made.name != "softmax":
            total = _sum_of(made.args[1], gate) if len(made.args) == 2 else None
            axis = op_shapes.dim_of(total.args, total.kwargs) if total is not None else None
        if not gate.grad or not _single(gate, axis):
            continue
        seen.add(id(made.node))
        how = "a softmax over it alone" if made.name == "softmax" else "divided by its own sum"
        yield p.report(
            "SB551",
            made,
            f"the gate of the one chosen expert ({how}) is always 1: the router gets no gradient",
            why="with top-1 routing (top_k = 1) there is nothing to normalise over: weight / weight.sum() is the "
            "constant 1, so the router keeps its random weights and is never trained by the task",
            fix="Normalise only where more than one is chosen: if top_k > 1: weight = weight / weight.sum(dim=-1, "
            "keepdim=True)",
            related=(q.place(gate),),
        )


def _sum_of(val: Val, gate: Val) -> Val | None:
    """The sum of the gates themselves that a divisor is, without the guard against zero."""
    for _ in range(4):
        val = f.core(val)
        if val.name == "sum":
            return val if val.args and f.core(val.args[0]) is gate else None
        if val.name not in ("add", "clamp", "clamp_min") or not val.args:
            return None
        val = val.args[0]
    return None


def _single(gate: Val, axis: object) -> bool:
    """Whether there is one number along the axis: ``topk(1)``, ``max`` with ``keepdim=True``."""
    if not isinstance(axis, int):
        return False
    over = gate.kwargs.get("dim") or (gate.arg(2) if gate.name == "topk" else gate.arg(1))
    along = -1 if over is None and gate.name == "topk" else over.const if over is not None else None
    if gate.name == "topk" and gate.number(1, "k") == 1:
        return axis == along
    kept = gate.kwargs.get("keepdim")
    return gate.name in ("max", "amax") and axis == along and kept is not None and kept.const is True


def _chosen(p: Program) -> bool:
    return any(v.args and any(a.grad for a in v.inputs()) for v in p.made(*_CHOICES))


def _flows(p: Program) -> tuple[set[int], set[int]]:
    """Ids of values that get a gradient, and of all from which losses are made."""
    flowing: set[int] = set()
    reached: set[int] = set()
    for event in p.all("backward"):
        for root in [event.recv, *event.args]:
            if root is not None:
                flowing |= training.gradient_path_cached(p, root)
                reached |= {id(a) for a in ancestors(root)}
    return flowing, reached


def _choice(p: Program, made: Val) -> Val | None:
    """The choice made from a layer's scores; ``None`` where they are used in any other way that is not understood."""
    stack, seen = [made], {id(made)}
    found: Val | None = None
    while stack:
        one = stack.pop()
        for user in q.users(p, one):
            if id(user) in seen:
                continue
            seen.add(id(user))
            if user.name in ("shape", "size", "len", "numel", "dim", "device", "dtype"):
                continue
            if user.name in _CHOICES:
                found = found or user
            elif user.kind not in ("tensor", "tuple", "phi") or user.name in ("loss", "detach", "log_prob", "custom"):
                return None
            elif len(seen) < 80:
                stack.append(user)
    return found


def _use(p: Program, choice: Val, event: Event) -> Val | None:
    """What is computed for the rows that were chosen, in the function in which the layer is called."""
    body = event.funcs[-1].node if event.funcs else None
    low, high = (body.lineno, body.end_lineno or body.lineno) if body is not None else (0, 0)
    stack, seen = [choice], {id(choice)}
    while stack and len(seen) < 60:
        one = stack.pop(0)
        for user in q.users(p, one):
            if (
                user.owner is not None
                and getattr(user.owner, "kind", "") == "module"
                and user.grad
                and low <= user.line <= high
            ):
                return user
            if id(user) not in seen:
                seen.add(id(user))
                stack.append(user)
    return None
