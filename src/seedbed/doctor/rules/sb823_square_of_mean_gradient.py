"""The importance of weights is the square of a mean gradient.

## What it does

Finds penalties of weights (EWC) whose Fisher information is the squared gradient of a loss averaged over a batch.

## Why is this bad

The Fisher information is the mean of squared gradients of single samples. Their mean cancels out before it is squared,
so nearly nothing is held.

## Example

```python
net = nn.Linear(6, 3)
x, y = torch.randn(200, 6), torch.randint(0, 3, (200,))
old = {n: p.detach().clone() for n, p in net.named_parameters()}
held = {n: torch.zeros_like(p) for n, p in net.named_parameters()}
F.cross_entropy(net(x), y).backward()
for n, p in net.named_parameters():
    held[n] += p.grad.detach() ** 2
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(50):
    loss = F.cross_entropy(net(x.flip(1)), y)
    loss = loss + sum((held[n] * (p - old[n]) ** 2).sum() for n, p in net.named_parameters())
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
net = nn.Linear(6, 3)
x, y = torch.randn(200, 6), torch.randint(0, 3, (200,))
old = {n: p.detach().clone() for n, p in net.named_parameters()}
held = {n: torch.zeros_like(p) for n, p in net.named_parameters()}
for i in range(200):
    net.zero_grad()
    F.cross_entropy(net(x[i : i + 1]), y[i : i + 1]).backward()
    for n, p in net.named_parameters():
        held[n] += p.grad.detach() ** 2 / 200
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(50):
    loss = F.cross_entropy(net(x.flip(1)), y)
    loss = loss + sum((held[n] * (p - old[n]) ** 2).sum() for n, p in net.named_parameters())
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    backs = p.all("backward")
    if not backs or not p.made("grad"):
        return
    for val in p.made("pow", "square", "mul"):
        if id(val.node) in seen or not _squared_gradient(val) or not _holds(p, val):
            continue
        last = max((b for b in backs if b.clock < val.seq), key=lambda b: b.clock, default=None)
        rows = _averaged(last) if last is not None else None
        if last is None or rows is None:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB823",
            val,
            f"the Fisher information is the square of the mean gradient of a batch ({rows} samples), not the mean of "
            "squared per-sample gradients",
            why="the gradients of single samples cancel out in the mean, most of all where the model is trained, so "
            "the importances are near zero and the penalty holds nothing",
            fix="Call backward() for one sample at a time and average p.grad ** 2 over them",
            related=((str(last.src.path), last.line, "the averaged loss"),),
        )


def _squared_gradient(val: Val) -> bool:
    """Whether it is ``p.grad ** 2`` of a parameter, in one of its spellings."""
    if val.kind != "tensor" or not val.args:
        return False
    base = f.core(val.args[0])
    if base.name != "grad" or base.kind != "tensor" or not base.args:
        return False
    if val.name == "pow":
        return val.number(1, "exponent") in (2, 2.0)
    return val.name == "square" or (len(val.args) == 2 and f.core(val.args[1]) is base)


def _holds(p: Program, val: Val) -> bool:
    """Whether it weighs the squared distance of weights from older ones, in a loss that is trained."""
    added = [e.recv for e in p.all("augment", "inplace") if e.args and q.reaches_val(e.args[-1], val)]
    holders = [val, *(h for h in added if h is not None)]
    for product in p.made("mul"):
        if product is val or len(product.args) != 2 or not p.trained(product):
            continue
        for weight, distance in (product.args, product.args[::-1]):
            square = f.core(distance)
            gap = f.core(square.args[0]) if square.name in ("pow", "square", "mul") and square.args else square
            moves = gap.name == "sub" and any(f.core(a).name == "parameter" for a in gap.args)
            if moves and not weight.grad and any(q.reaches_val(weight, h) for h in holders):
                return True
    return False


def _averaged(back: Event) -> int | None:
    """How many samples the loss of a ``backward()`` is averaged over, if that is known and more than one."""
    loss = f.loss_value(back.recv) if back.recv is not None else None
    given = loss.args[0] if loss is not None and loss.args else None
    if given is None:
        return None
    rows = given.shape[0] if given.shape else None
    for one in ancestors(given, limit=200) if rows is None else ():
        if one.kind == "loader":
            size = one.arg(1, "batch_size")
            rows = size.const if size is not None and isinstance(size.const, int) else None
            break
    return rows if rows is not None and rows > 1 else None
