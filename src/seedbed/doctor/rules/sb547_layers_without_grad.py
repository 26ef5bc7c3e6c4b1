"""A part of the model runs under `no_grad` in training.

## What it does

Finds layers that the optimizer holds and that are only ever called under `no_grad` while the model trains.

## Why is this bad

They get no gradient and keep their initial weights, while the rest of the model trains around them.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(8, 16), nn.Linear(16, 3)

    @torch.no_grad()
    def encode(self, x):
        return torch.relu(self.body(x))

    def forward(self, x):
        return self.head(self.encode(x))

model = Net()
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(8, 16), nn.Linear(16, 3)

    def encode(self, x):
        return torch.relu(self.body(x))

    def forward(self, x):
        return self.head(self.encode(x))

model = Net()
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_WEIGHTED = ("Linear", "Conv", "Embedding", "LSTM", "GRU", "RNN", "Transformer")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learning = {id(e.recv) for e in p.all("forward") if e.grad and e.recv is not None}
    held = [h for _, o, _ in ownership.optimizers(p) for h in ownership.held(o)]
    frozen = any(e.recv is not None for e in p.all("requires_grad")) or any(
        e.name == "requires_grad" for e in p.all("attribute")
    )
    if frozen or not held:
        return
    moved = [e.recv for e in p.all("inplace", "restore") if e.recv is not None]
    followed = {id(s) for v in moved for m in ownership.modules_of(v) for s in methods.submodules(m)}
    seen: set[int] = set()
    for event in p.all("forward"):
        layer = event.recv
        if (
            event.grad
            or not event.depth
            or not event.funcs
            or layer is None
            or layer.kind != "module"
            or id(layer) in learning
            or id(layer) in followed
        ):
            continue
        if not layer.name.startswith(_WEIGHTED) or not p.trained(event.result):
            continue
        if id(event.funcs[-1].node) in seen or not any(_holds(h, layer) for h in held) or not _outer(p, event):
            continue
        seen.add(id(event.funcs[-1].node))
        func = event.funcs[-1]
        at = next((d for d in getattr(func.node, "decorator_list", [])), None)
        yield p.report(
            "SB547",
            (at, event.src) if at is not None else event,
            f"{func.name}() runs under torch.no_grad() in training too: its layers get no gradient (the graph is cut)",
            why="the optimizer holds their parameters, but they stay at their initial weights and are never trained",
            fix="Take no_grad away here and put it around the evaluation only",
            related=(q.place(layer),),
        )


def _holds(one: Val, layer: Val) -> bool:
    return one is layer or ownership.contains(one, layer)


def _outer(p: Program, event: Event) -> bool:
    """Whether the call stands in the forward pass of a model that is trained with gradients."""
    return any(
        e.depth == 0
        and e.grad
        and e.recv is not None
        and training.trained_output(p, e.result)
        and ownership.contains(e.recv, event.recv)
        for e in p.all("forward")
        if event.recv is not None and e.recv is not event.recv
    )
