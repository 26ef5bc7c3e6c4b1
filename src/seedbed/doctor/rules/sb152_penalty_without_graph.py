"""A gradient penalty without create_graph=True is a constant.

## What it does

Finds a gradient penalty whose gradient is computed without `create_graph=True`.

## Why is this bad

The penalty is then a constant for `backward()`: it has no effect on the weights.

## Example

```python
critic = nn.Linear(4, 1)
optimizer = torch.optim.Adam(critic.parameters())
for x in loader:
    x.requires_grad_(True)
    score = critic(x)
    grad = torch.autograd.grad(score.sum(), x)[0]
    loss = score.mean() + ((grad.norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
critic = nn.Linear(4, 1)
optimizer = torch.optim.Adam(critic.parameters())
for x in loader:
    x.requires_grad_(True)
    score = critic(x)
    grad = torch.autograd.grad(score.sum(), x, create_graph=True)[0]
    loss = score.mean() + ((grad.norm(2, dim=1) - 1) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("grad"):
        if event.name != "torch.autograd.grad" or event.result is None:
            continue
        flag = event.kwargs.get("create_graph")
        if flag is not None and flag.const is not False:
            continue
        if not p.trained(event.result):
            continue
        shaped = any(b.name != "grad" for b in p.all("backward")) and _judged(p, event.result)
        if shaped:
            yield p.report(
                "SB152",
                q.decided(event, flag),
                "the gradient penalty (or residual) has no effect: torch.autograd.grad without create_graph=True gives "
                "a constant",
                why="no gradient flows through the penalty, so the weights do not feel it",
                fix="Pass create_graph=True",
            )


_PLAIN = frozenset(
    ["add", "sub", "mul", "div", "true_divide", "neg", "getitem", "part", "element", "view", "reshape", "flatten",
     "cat", "sum", "squeeze", "unsqueeze", "stack", "contiguous", "transpose", "permute", "t", "T",
     "matmul", "bmm", "einsum"]
)  # fmt: skip
_SIZES = ("norm", "pow", "square", "vector_norm", "abs", "loss", "relu")


def _judged(p: Program, grads: Val) -> bool:
    """Whether the size of a gradient (or of a sum with it) is what is trained: nothing but arithmetic in between."""
    stack, seen = [grads], set[int]()
    while stack and len(seen) < 200:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for user in q.users(p, one):
            if user.kind != "tensor" or not user.grad:
                continue
            squared = user.name == "mul" and len(user.args) == 2 and user.args[0] is user.args[1]
            if (user.name in _SIZES or squared) and training.updates(p, user):
                return True
            if user.name in _PLAIN:
                stack.append(user)
    return False
