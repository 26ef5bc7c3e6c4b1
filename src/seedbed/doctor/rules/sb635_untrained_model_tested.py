"""A newly built model is tested that was never trained or loaded.

## What it does

Finds a model that is built anew after training, gets no weights and is measured, while the trained one of the same
kind is saved and never measured or loaded.

## Why is this bad

The score is that of random weights.

## Example

```python
def train(x, y):
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(100):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.save(net.state_dict(), "net.pt")

def test(x, y):
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    net.eval()
    with torch.no_grad():
        print((net(x).argmax(1) == y).float().mean().item())

x, y = torch.randn(200, 8), torch.randint(0, 2, (200,))
train(x[:150], y[:150])
test(x[150:], y[150:])
```

## Use instead

```python
def train(x, y):
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(100):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.save(net.state_dict(), "net.pt")

def test(x, y):
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    net.load_state_dict(torch.load("net.pt"))
    net.eval()
    with torch.no_grad():
        print((net(x).argmax(1) == y).float().mean().item())

x, y = torch.randn(200, 8), torch.randint(0, 2, (200,))
train(x[:150], y[:150])
test(x[150:], y[150:])
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import measures, ownership, training
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete or not p.trains or not p.all("save") or p.all("restore") or p.all("inplace"):
        return
    if not all(_only_told(p, e) for e in p.all("load")):
        return
    trained = [m for m in training.trained_modules(p) if m.kind == "module"]
    measured = [m.recv for m in training.evaluations(p)]
    kept = {id(m) for e in p.all("save") for a in e.args for m in ownership.modules_of(a)}
    for event in training.forwards(p):
        fresh = event.recv
        if fresh is None or fresh.kind != "module" or fresh.copied is not None or fresh.tags & {"deepcopy", "external"}:
            continue
        if any(ownership.related(fresh, t) for t in trained) or training.trained_output(p, event.result):
            continue
        old = next((t for t in trained if _alike(fresh, t) and id(t) in kept and t.seq < fresh.seq), None)
        if old is None or any(old is m for m in measured) or not _judged(p, event):
            continue
        yield p.report(
            "SB635",
            _made(p, fresh) or event,
            "a newly built model is tested with random weights: the trained weights are saved but never loaded",
            why="load_state_dict() is missing, so the score says nothing about what was trained",
            fix="Load the saved weights first: net.load_state_dict(torch.load(path))",
            related=((str(event.src.path), event.line, "it is run here"),),
        )
        return


def _only_told(p: Program, load: Event) -> bool:
    """Whether nothing but the plain numbers and words of a saved table is read from what is loaded."""
    if load.result is None:
        return False
    path = load.arg(0, "f")
    tables = [
        e.args[0]
        for e in p.all("save")
        if len(e.args) > 1 and e.args[0].kind == "dict" and path is not None and path.const == e.args[1].const
    ]
    for user in p.users(load.result):
        key = user.args[1].const if user.name == "getitem" and len(user.args) == 2 else None
        held = [t.attrs.get(key) for t in tables] if isinstance(key, str) else []
        if not held or path is None or path.const is None or any(h is None or h.kind != "const" for h in held):
            return False
    given = [a for e in p.all("call", "invoke", "keep", "return") for a in (*e.args, *e.kwargs.values())]
    return not any(v is load.result for v in given)


def _alike(one: Val, other: Val) -> bool:
    if one.name != other.name or one.owner is not other.owner:
        return False
    parts = [s.name for s in submodules(one)]
    weighted = any(n.startswith(ownership.WEIGHTED) for n in parts)
    return weighted and parts == [s.name for s in submodules(other)]


def _judged(p: Program, event: Event) -> bool:
    """Whether its output is compared with labels."""
    return any(
        v is event.result for _, a, b in measures.equalities(p) for side in (a, b) for v in ancestors(side, limit=60)
    )


def _made(p: Program, fresh: Val) -> Event | None:
    return next((e for _, v, e in p.assigns if v is fresh), None)
