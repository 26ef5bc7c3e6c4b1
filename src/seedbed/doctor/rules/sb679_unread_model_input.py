"""A model is given something that its forward never reads.

## What it does

Finds arguments of `forward` that its body does not mention: the memory of a decoder, a mask, the lengths, the time step
of a diffusion model.

## Why is this bad

What the argument should tell the model has no influence. Layers that made it get no gradient.

## Example

```python
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend, self.out = nn.MultiheadAttention(16, 2, batch_first=True), nn.Linear(16, 20)

    def forward(self, x, memory):
        return self.out(self.attend(x, x, x)[0])

encoder, decoder = nn.Linear(4, 16), Decoder()
opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for _ in range(10):
    out = decoder(torch.randn(8, 5, 16), encoder(torch.randn(8, 7, 4)))
    loss = out.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend, self.out = nn.MultiheadAttention(16, 2, batch_first=True), nn.Linear(16, 20)

    def forward(self, x, memory):
        return self.out(self.attend(x, memory, memory)[0])

encoder, decoder = nn.Linear(4, 16), Decoder()
opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for _ in range(10):
    out = decoder(torch.randn(8, 5, 16), encoder(torch.randn(8, 7, 4)))
    loss = out.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import Val

_SIZES = frozenset(["length", "lengths", "lens", "len", "seqlens"])
_TOLD = frozenset(
    ["mask", "masks", "lengths", "length", "lens", "timestep", "timesteps", "t", "time", "sigma", "memory", "context",
     "hidden", "state", "cond", "condition", "adj", "edge", "edges"]
)  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes if p.complete else ():
        method = cls.scope.vars.get("forward") if cls.base == "module" and cls.src is p.source else None
        if method is None or method.kind != "func" or not _own(p, cls):
            continue
        node = method.owner.node
        names = [a.arg for a in node.args.args[1 : len(node.args.args) - len(node.args.defaults)]]
        read = {n.id for s in node.body for n in syntax.walk(s) if isinstance(n, ast.Name)}
        if len(names) < 2 or node.args.vararg is not None or {"locals", "eval"} & read or names[0] not in read:
            continue
        for name in names[1:]:
            if name in read or name.startswith("_") or name == "kwargs":
                continue
            calls = [e for e in p.all("forward") if e.recv is not None and e.recv.owner is cls and e.grad]
            given = [(e, v) for e in calls if (v := _given(e, names, name)) is not None and p.trained(e.result)]
            told = set(words(name)) & _TOLD or any(_learned(v) for _, v in given)
            if not given or not (told or _idle_table(p, cls)):
                continue
            yield p.report(
                "SB679",
                (node, cls.src),
                f"forward() of {cls.name} never uses its argument {name}: what it is given has no influence (ignored)",
                why="padding counts like real steps, and the last step of a padded sequence is not its last real one"
                if set(words(name)) & _SIZES
                else "the output does not depend on it, and layers that made it get no gradient",
                fix=f"Use {name} in forward(), or take the argument away",
                related=((str(given[0][0].src.path), given[0][0].line, "given here"),),
            )


def _own(p: Program, cls: Class) -> bool:
    """Whether the arguments are the class's own: no other class has to be called in the same way."""
    if len(cls.lineage()) > 1 or any(b.rsplit(".", 1)[-1] != "Module" for b in cls.lib_bases()):
        return False
    mine = _signature(cls)
    return not any(c is not cls and (_signature(c) == mine or cls in c.lineage()) for c in p.classes)


def _signature(cls: Class) -> tuple[str, ...]:
    method = cls.scope.vars.get("forward")
    if method is None or method.kind != "func":
        return ()
    return tuple(a.arg for a in method.owner.node.args.args)


def _idle_table(p: Program, cls: Class) -> bool:
    """Whether an embedding was made for it: one of the class that nothing in the file reads either."""
    init = cls.scope.vars.get("__init__")
    if init is None or init.kind != "func":
        return False
    read = {n.attr for n in p.nodes(ast.Attribute) if isinstance(n.ctx, ast.Load)}
    made = [
        e
        for e in p.all("attribute")
        if e.args and e.args[0].name == "Embedding" and e.args[0].kind == "module" and isinstance(e.node, ast.Attribute)
    ]
    own = {id(n) for n in syntax.walk(init.owner.node)}
    by_name = any(isinstance(n, ast.Name) and n.id in ("getattr", "vars") for n in p.nodes(ast.Name))
    return not by_name and any(id(e.node) in own and e.name not in read for e in made)


def _given(event: Event, names: list[str], name: str) -> Val | None:
    """What a call gives for an argument."""
    return event.arg(names.index(name), name)


def _learned(val: Val) -> bool:
    """Whether a layer made it, with a gradient."""
    return all(o.grad and o.kind == "tensor" and o.owner is not None for o in val.options())
