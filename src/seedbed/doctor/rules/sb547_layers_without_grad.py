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

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choosing, methods, ownership, syntax, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_WEIGHTED = ("Linear", "Conv", "Embedding", "LSTM", "GRU", "RNN", "Transformer")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    learning = {id(e.recv) for e in p.all("forward") if e.grad and e.recv is not None}
    named = _named_in_their_loop(p)
    held = [h for _, o, _ in ownership.optimizers(p) for h in ownership.held(o)]
    frozen = any(e.recv is not None for e in p.all("requires_grad")) or any(
        e.name == "requires_grad" for e in p.all("attribute")
    )
    if frozen or not held:
        return
    moved = [e.recv for e in p.all("inplace", "restore") if e.recv is not None]
    followed = {id(s) for v in moved for m in ownership.modules_of(v) for s in methods.submodules(m)}
    passed_over = _passed_over(p)
    seen: set[int] = set()
    for event in p.all("forward"):
        layer = event.recv
        if (
            event.grad
            or not event.depth
            or not event.funcs
            or layer is None
            or layer.kind != "module"
            or (id(layer) in learning and (id(layer), id(event.loops[0].node) if event.loops else 0) not in named)
            or id(layer) in followed
            or id(layer) in passed_over
        ):
            continue
        if not layer.name.startswith(_WEIGHTED) or not p.trained(event.result):
            continue
        if id(event.funcs[-1].node) in seen or not any(_holds(h, layer) for h in held) or not _outer(p, event):
            continue
        seen.add(id(event.funcs[-1].node))
        places = [(f, at) for f in reversed(event.funcs) if (at := _stop(f.node)) is not None]
        func, at = places[0] if places else (event.funcs[-1], None)
        yield p.report(
            "SB547",
            (at, func.src) if at is not None else event,
            f"{func.name}() runs under torch.no_grad() in training too: its layers get no gradient (the graph is cut)",
            why="their .grad is None, so they stay at their initial weights: never updated, not trained",
            fix="Take no_grad away here and put it around the evaluation only",
            related=(q.place(layer),),
        )


def _passed_over(p: Program) -> set[int]:
    """Layers of a held model whose parameters a condition keeps out of every optimizer."""
    found: set[int] = set()
    table = ownership.optimizers(p)
    given = [o.args[0] if o.args else o.kwargs.get("params") for _, o, _ in table]
    sources = [s for s in given if s is not None]
    roots = {id(root): root for _, _, held in table for root in held}
    for one in (c for root in roots.values() for c in choosing.parameters(root)):
        if one.module is not None and sources and all(choosing.picks(p, s, one) is False for s in sources):
            found.add(id(one.module))
    return found


def _named_in_their_loop(p: Program) -> set[tuple[int, int]]:
    """Layers (and the training loop) of which an optimizer was given the parameters by name, but that learn nothing.

    They may have learned in an earlier loop, with another optimizer.
    """
    learned = {(id(e.recv), id(e.loops[0].node)) for e in p.all("forward") if e.grad and e.loops}
    called = {(id(e.recv), id(e.loops[0].node)) for e in p.all("forward") if e.depth == 0 and e.grad and e.loops}
    found: set[tuple[int, int]] = set()
    for step in p.all("step"):
        for optimizer in step.recv.options() if step.recv is not None and step.loops else ():
            source = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
            loop = id(step.loops[0].node)
            parts = [m for m in ownership.modules_of(source) if (id(m), loop) not in called]
            for layer in (s for m in parts for s in methods.submodules(m)):
                if (id(layer), loop) not in learned:
                    found.add((id(layer), loop))
    return found


def _stop(func: ast.AST) -> ast.expr | None:
    """Where a function stops the gradient: its decorator, or its one ``with torch.no_grad()``."""
    blocks = [i.context_expr for n in syntax.walk(func) if isinstance(n, ast.With) for i in n.items]
    stopped = [b for b in [*getattr(func, "decorator_list", []), *blocks] if _STOPS.search(syntax.text(b))]
    return stopped[0] if len(stopped) == 1 else None


_STOPS = re.compile(r"\b(no_grad|inference_mode|set_grad_enabled)\b")


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
