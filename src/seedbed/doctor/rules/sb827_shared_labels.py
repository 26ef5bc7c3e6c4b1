"""Labels and input are one tensor, which is then masked in place.

## What it does

Finds tokens that are overwritten in place (masked, cut, noised) while the targets still share their memory.

## Why is this bad

`labels = ids` makes no copy. The change shows in the labels too: the model learns to predict the mask.

## Example

```python
model = nn.Sequential(nn.Embedding(11, 8), nn.Linear(8, 11))
opt = torch.optim.Adam(model.parameters())
for ids in loader:
    labels = ids
    hide = torch.rand(ids.shape) < 0.15
    ids[hide] = 10
    labels = labels.masked_fill(~hide, -100)
    loss = F.cross_entropy(model(ids).flatten(0, 1), labels.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
model = nn.Sequential(nn.Embedding(11, 8), nn.Linear(8, 11))
opt = torch.optim.Adam(model.parameters())
for ids in loader:
    labels = ids.clone()
    hide = torch.rand(ids.shape) < 0.15
    ids[hide] = 10
    labels = labels.masked_fill(~hide, -100)
    loss = F.cross_entropy(model(ids).flatten(0, 1), labels.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import CLOSED, Val, ancestors

# operations that give a view of the same memory (others make new memory)
_VIEWS = frozenset(
    [
        *("view", "squeeze", "unsqueeze", "detach", "data", "permute", "transpose", "t", "T", "contiguous", "to"),
        *("expand", "flatten", "reshape", "long", "float"),
    ]
)
_KEEPS = frozenset(["batch", "masked_fill", "where", "clamp", "cat", "stack", "getitem", "forward", "mul", "add"])
# what is drawn into one of these under its only name makes the labels, it does not change them
_BLANK = frozenset(["zeros", "ones", "full", "empty", "new_zeros", "new_ones", "new_full", "new_empty", "zeros_like"])
_DRAWS = frozenset(["rand", "bernoulli", "rand_like", "np_rand", "random", "np_random", "randn_like", "randn"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for loss in p.all("loss"):
        if len(loss.args) < 2 or not p.trained(loss.result):
            continue
        shared = _memory(loss.args[1], set())
        for event in p.all("setitem", "inplace"):
            if (
                event.recv is None
                or event.seq > loss.seq
                or id(event.node) in seen
                or event.loops[:1] != loss.loops[:1]
            ):
                continue
            base = _base(event.recv)
            if id(base) not in shared or not _corrupts(event) or event.clock < base.seq:
                continue
            if not _shows(base, loss.args[0]) or (base.name in _BLANK and _alias(p, base, event) is None):
                continue
            seen.add(id(event.node))
            alias = _alias(p, base, event)
            if alias is None and base.name in ("clone", "copy", "deepcopy"):
                continue  # a copy that was made to be changed, for both: it has no other name
            yield p.report(
                "SB827",
                alias or event,
                f"the labels are the same tensor as the input ({base.var or 'ids'}): it is changed in place "
                "afterwards, and the labels with it",
                why="an assignment makes no copy, so both names share one memory and the model learns to predict the "
                "mask or the noise",
                fix="Make a copy before the change: labels = ids.clone()",
                related=((str(event.src.path), event.line, "the change in place"),),
            )


def _memory(val: Val, found: set[int], depth: int = 0) -> set[int]:
    """Ids of the tensors whose present values show in ``val``: itself, and what it reads after it was changed."""
    if depth < 12 and id(val) not in found:
        found.add(id(val))
        if val.kind == "phi" or val.name in _VIEWS or val.name in _KEEPS:
            for one in val.args[:1] if val.kind != "phi" else val.args:
                _memory(one, found, depth + 1)
    return found


def _shows(base: Val, out: Val) -> bool:
    """Whether an output is made from the numbers of ``base``, not only from rows that it has picked."""
    stack, seen = [out], set[int]()
    while stack and len(seen) < 3000:
        one = stack.pop()
        if one is base:
            return True
        if id(one) in seen or one.kind in CLOSED:
            continue
        seen.add(id(one))
        stack.extend(one.args[:1] if one.name in ("getitem", "index_select") else one.inputs())
    return False


def _base(val: Val) -> Val:
    current = val
    for _ in range(10):
        if current.name in _VIEWS and current.args:
            current = current.args[0]
        else:
            break
    return current


def _corrupts(event: Event) -> bool:
    """Whether a random choice of the elements is overwritten, or noise is put on them."""
    if event.kind == "setitem":
        return bool(event.args) and any(v.name in _DRAWS for v in ancestors(event.args[0], limit=60))
    if event.name in ("masked_fill_", "masked_scatter_", "add_", "mul_", "index_fill_"):
        return any(v.name in _DRAWS for a in event.args for v in ancestors(a, limit=60))
    return False


def _alias(p: Program, base: Val, event: Event) -> Event | None:
    """Where the labels got their second name."""
    names = [e for _, val, e in p.assigns if val is base and e.seq < event.seq]
    plain = [e for e in names if getattr(e.node, "id", "") != base.var]
    return plain[-1] if plain and plain[-1].line else None
