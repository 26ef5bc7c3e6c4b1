"""The graph is cut between the model and the loss: no gradient flows.

## What it does

Finds operations that cut the graph between the model and the loss: `detach()`, `.item()`, `.data`, numpy,
or `torch.tensor(loss)`.

## Why is this bad

No gradient flows back through the cut. The layers before it are never trained.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = torch.tensor(F.mse_loss(model(x), y).item(), requires_grad=True)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors, reaches


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    flat = {
        "argmax",
        "argmin",
        "round",
        "compare",
        "sign",
        "floor",
        "ceil",
        "long",
        "int",
        "bool",
        "gt",
        "lt",
        "eq",
        "ge",
        "le",
        "trunc",
        "bernoulli",
        "one_hot",
        "topk_indices",
        "sort_indices",
    }
    seen: set[int] = set()
    flowing: set[int] = set()
    for back in p.all("backward"):
        for root in [back.recv, *back.args]:
            if root is not None:
                flowing |= q.gradient_path(root)
    for back in p.all("backward"):
        for root in [back.recv] if back.recv is not None else list(back.args[:1]):
            for cut in q.cut_points(root):
                if cut.name in flat or id(cut.node) in seen or "compare" in cut.name:
                    continue
                models = [
                    a
                    for a in ancestors(cut)
                    if a.kind == "tensor"
                    and a.owner is not None
                    and a.grad
                    and getattr(a.owner, "kind", "") == "module"
                    and a.name not in ("loss",)
                ]
                lost = [a for a in models if id(a) not in flowing and _matters(p, a)]
                if not lost or (root.grad and not _certain(p, lost)):
                    continue
                seen.add(id(cut.node))
                how = {
                    "item": ".item()",
                    "data": ".data",
                    "tensor": "torch.tensor()",
                    "numpy": ".numpy()",
                    "float_builtin": "float()",
                }.get(cut.name, f"{cut.name}()")
                yield p.report(
                    "SB128",
                    cut,
                    f"{how} cuts the autograd graph between the model and the loss: no gradient reaches {lost[0].owner.var or lost[0].owner.name}",
                    why="what comes before the cut gets no gradient, so these parameters are never trained",
                    fix=f"Remove {how} and keep the tensor in the graph",
                    related=((str(back.src.path), back.line, "backward()"),),
                )


def _matters(p: Program, val: Val) -> bool:
    """Whether the layer has weights that some optimizer holds."""
    owner = val.owner
    holds = [h for _, o, _ in q.optimizers(p) for h in q.held(o)]
    return any(h is owner for h in holds) and any(
        s.name.startswith(q.WEIGHTED) or "external" in s.tags for s in q.submodules(owner)
    )


def _certain(p: Program, lost: list[Val]) -> bool:
    """Whether a layer of a trained model never gets a gradient anywhere in the program."""
    flowing: set[int] = set()
    for back in p.all("backward"):
        for root in [back.recv, *back.args]:
            if root is not None:
                for part in ancestors(root):
                    if part.owner is not None and id(part) in q.gradient_path_cached(p, root):
                        flowing.add(id(part.owner))
    return not any(id(v.owner) in flowing for v in lost)
