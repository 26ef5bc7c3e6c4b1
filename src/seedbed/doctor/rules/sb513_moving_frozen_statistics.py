"""A frozen network still updates its BatchNorm statistics.

## What it does

Finds frozen networks whose BatchNorm statistics still change because they are in training mode.

## Why is this bad

`requires_grad=False` freezes the weights only. In training mode BatchNorm goes on updating its running
statistics.

## Example

```python
backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
head = nn.Linear(8, 3)
for w in backbone.parameters():
    w.requires_grad = False
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(head(backbone(x).mean((2, 3))), y).backward()
    optimizer.step()
```

## Use instead

```python
backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
head = nn.Linear(8, 3)
for w in backbone.parameters():
    w.requires_grad = False
backbone.eval()
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(head(backbone(x).mean((2, 3))), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import methods, ownership, switching, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    frozen = ownership.frozen(p)
    seen: set[int] = set()
    for event in p.all("forward"):
        module = event.recv
        if (
            module is None
            or id(module) not in frozen
            or module.kind != "module"
            or event.mode != "train"
            or not p.trains
            or event.seq < frozen[id(module)].seq
        ):
            continue
        if not any(n.startswith("BatchNorm") for n in ownership.contents(module)) and "external" not in module.tags:
            continue
        if (
            not trained_output(p, event)
            or any(id(m) in seen for m in methods.submodules(module))
            or (module.name.startswith("BatchNorm") and event.depth > 1)
        ):
            continue
        if (
            all(
                b.kwargs.get("track_running_stats") is not None
                for m in methods.submodules(module)
                for b in [m]
                if m.name.startswith("BatchNorm")
            )
            and "external" not in module.tags
        ):
            continue
        if _still(p, event, module) or _averaged(p, module) or switching.told_of(p, module):
            continue  # a target network that follows another one by hand
        seen |= {id(m) for m in methods.submodules(module)}
        where = frozen[id(module)]
        # a head that trains inside the frozen network: common, and often meant
        head = any(m.name.startswith(ownership.WEIGHTED) and id(m) not in frozen for m in methods.submodules(module))
        trains = [
            e for e in p.all("mode") if where.seq < e.seq < event.seq and e.name == "train" and _covers(e, module)
        ]
        yield p.report(
            "SB513",
            q.beside(trains[-1], where) if trains else where,
            f"{module.var or module.name} is frozen but in training mode: its BatchNorm statistics still change",
            why="requires_grad=False only stops the weights; in train mode the running statistics are updated in every "
            "forward pass",
            fix=f"Call {module.var or 'backbone'}.eval() after every model.train()",
            related=((str(event.src.path), event.line, "the forward pass"),),
            severity=Severity.HINT if head else None,
        )


def trained_output(p: Program, event: Event) -> bool:
    """Whether backward() reaches the output of a call."""
    return training.trained_output(p, event.result)


def _still(p: Program, event: Event, module: Val) -> bool:
    """Whether no normalisation inside was in training mode in this call: they are told to stay, one by one."""
    norms = {id(m) for m in methods.submodules(module) if m.name.startswith("BatchNorm")}
    last = {id(e.recv): e.mode for e in p.all("forward") if id(e.recv) in norms and e.seq <= event.seq}
    return bool(last) and "train" not in last.values()


def _covers(mode: Event, module: Val) -> bool:
    return mode.recv is not None and any(
        ownership.contains(o, module) for o in mode.recv.options() if o.kind == "module"
    )


def _averaged(p: Program, module: Val) -> bool:
    """Whether the weights of a module (or of one around it) are written in the training loop."""
    for event in p.all("inplace", "attribute", "restore", "average", "augment"):
        if event.recv is None or not event.loops or (event.kind == "attribute" and event.name != "data"):
            continue
        owners = [event.recv] if event.recv.kind == "module" else ownership.modules_of(event.recv)
        if any(ownership.related(o, module) for o in owners if o.kind == "module"):
            return True
    return False
