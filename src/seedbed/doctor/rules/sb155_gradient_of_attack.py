"""The gradients of an attack on the inputs stay in the weights' update.

## What it does

Finds adversarial examples made with `loss.backward()` whose gradients of the weights are still there at the step.

## Why is this bad

`backward()` fills `.grad` of the weights too, not only that of the input. Without `zero_grad()` after the attack, every
step is the sum of the attack's gradient and the one that was meant.

## Example

```python
model, loss_fn = nn.Linear(4, 2), nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def attack(x, y):
    x = x.clone().requires_grad_(True)
    loss_fn(model(x), y).backward()
    return (x + 0.1 * x.grad.sign()).detach()
for x, y in loader:
    optimizer.zero_grad()
    x_adv = attack(x, y)
    loss_fn(model(x_adv), y).backward()
    optimizer.step()
```

## Use instead

```python
model, loss_fn = nn.Linear(4, 2), nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def attack(x, y):
    x = x.clone().requires_grad_(True)
    loss_fn(model(x), y).backward()
    return (x + 0.1 * x.grad.sign()).detach()
for x, y in loader:
    x_adv = attack(x, y)
    optimizer.zero_grad()
    loss_fn(model(x_adv), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.data_queries import is_input
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    read = [v for v in p.anywhere("grad") if v.kind == "tensor" and v.args and is_input(v.args[0])]
    if not read:
        return
    backs = [e for e in p.all("backward") if e.recv is not None and e.name != "grad"]
    for step in p.once("step"):
        if step.recv is None or step.recv.kind != "optimizer" or not step.loops:
            continue
        loss = next((b for b in reversed(backs) if b.seq < step.seq and b.loop is not None), None)
        if loss is None or loss.loops != step.loops:
            continue
        attack = next((b for b in reversed(backs) if b.seq < loss.seq and step.loop in b.loops), None)
        if attack is None or attack.node is loss.node or "inputs" in attack.kwargs:
            continue
        if attack.funcs == step.funcs and len(attack.loops) == len(step.loops):
            continue  # side by side, the sum of the two gradients may be meant
        if not _feeds(read, attack, loss) or not _stays(p, attack, step):
            continue
        yield p.report(
            "SB155",
            q.site(attack, step.loop),
            "the gradients that the attack on the inputs leaves in the weights are part of the update: zero_grad() "
            "is missing after the attack",
            why=f"backward() at line {attack.line} fills .grad of the weights too; it is added to the gradient of line "
            f"{loss.line} before step() (line {step.line})",
            fix="Call optimizer.zero_grad() after the adversarial examples are made, just before the loss that trains; "
            "or use torch.autograd.grad(loss, x) in the attack",
            related=((str(attack.src.path), attack.line, "the backward() of the attack"),),
        )
        return


def _feeds(read: list[Val], attack: Event, loss: Event) -> bool:
    """Whether the gradient of an input, read after the attack, makes the input of the loss."""
    if attack.recv is None or loss.recv is None or attack.recv.name in ("div", "scaled"):
        return False  # a part of the update: one term of a mean
    mine = {id(v) for v in read if attack.clock < v.seq < loss.clock}
    mine |= {id(v.args[0]) for v in read if id(v) in mine}  # changed in place
    return bool(mine) and any(id(v) in mine for v in ancestors(loss.recv))


def _stays(p: Program, attack: Event, step: Event) -> bool:
    """Whether both losses reach weights that the optimizer holds, and nothing clears these in between."""
    held = ownership.held(step.recv) if step.recv is not None else []
    path = training.gradient_path(attack.recv) if attack.recv is not None else set()
    owners = [v.owner for v in ancestors(attack.recv) if id(v) in path and v.grad] if attack.recv is not None else []
    if not any(o is h for o in owners for h in held):
        return False
    clears = [c for c in p.all("clear") if attack.seq < c.seq < step.seq]
    if any(c.recv is None or not is_input(c.recv) for c in clears):
        return False
    for event in p.all("attribute", "requires_grad_", "requires_grad"):
        if event.kind == "attribute" and event.name not in ("requires_grad", "grad"):
            continue
        if event.recv is None or event.recv.kind != "tensor" or not is_input(event.recv):
            return False  # the weights are switched off, or their gradients are changed by hand
    return True
