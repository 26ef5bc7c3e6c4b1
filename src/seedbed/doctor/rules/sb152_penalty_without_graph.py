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
        cut = _cut(p, event.result)
        if cut is not None:
            yield p.report(
                "SB152",
                cut,
                "the derivative is detached: the gradient penalty (or residual) in which it stands has no effect",
                why="no gradient flows through it, so the weights do not feel that part of the loss",
                fix="Take detach() away and pass create_graph=True",
            )
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


def _steps(total: Val, part: Val, grads: Val) -> bool:
    """Whether a scaled gradient is taken from the very variable: a step of an inner optimisation, of a sampler."""
    if total.name not in ("add", "sub") or part.name not in ("mul", "add", "sub") or len(grads.args) < 2:
        return False
    others = [o for a in total.args if a is not part for o in a.options()]
    return any(o is v for o in others for v in grads.args[1].options())


def _cut(p: Program, grads: Val) -> Val | None:
    """Where every use of a gradient that is squared in the loss is cut off by ``detach()``."""
    parts, found = [grads], []
    while parts:
        for user in q.users(p, parts.pop()):
            if user.name in ("getitem", "part", "element"):
                parts.append(user)
            elif user.name != "detach":
                return None
            else:
                found.append(user)
    return found[0] if found and all(_squared(p, one) for one in found) else None


def _squared(p: Program, cut: Val) -> bool:
    """Whether a sum of it with something trained is squared and trained."""
    for user in q.users(p, cut):
        if user.name in ("add", "sub", "mul") and user.grad:
            above = [*q.users(p, user), *(u for v in q.users(p, user) for u in q.users(p, v))]
            if any(u.name in ("pow", "square", "abs") and p.trained(u) for u in above):
                return True
    return False


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
            if user.name in _PLAIN and not _steps(user, one, grads):
                stack.append(user)
    return False
