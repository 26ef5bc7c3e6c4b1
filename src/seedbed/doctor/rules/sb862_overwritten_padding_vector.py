"""An initialisation overwrites the zero vector of the padding.

## What it does

Finds `nn.init` on the weight of an embedding with `padding_idx`, with nothing that sets the padding row back to zero.

## Why is this bad

`padding_idx` sets the row to zero once, when the layer is built, and keeps its gradient at zero. After the
initialisation padding has a random vector that is never trained away, and it counts in sums, means and attention.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 16, padding_idx=0)
        nn.init.normal_(self.emb.weight, std=0.02)
        self.fc = nn.Linear(16, 2)

    def forward(self, ids):
        return self.fc(self.emb(ids).sum(1))

Net()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 16, padding_idx=0)
        nn.init.normal_(self.emb.weight, std=0.02)
        with torch.no_grad():
            self.emb.weight[0].fill_(0)
        self.fc = nn.Linear(16, 2)

    def forward(self, ids):
        return self.fc(self.emb(ids).sum(1))

Net()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choosing, ownership, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_MASKS = ("pack_padded_sequence", "masked_fill", "padding_mask", "attention_mask", "!=", ".ne(", "== 0", "lengths")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    masked = any(word in p.source.text for word in _MASKS)  # then the vector of the padding does not matter
    seen: set[int] = set()
    for event in p.all("init", "inplace"):
        layer = _embedding(event.recv) or _among(p, event)
        if layer is not None and masked and not _summed(p, layer):
            continue
        if layer is None or id(layer) in seen or layer.kwargs.get("padding_idx") is None:
            continue
        if event.name.rstrip("_") not in ("normal", "uniform", "xavier_uniform", "xavier_normal", "kaiming_uniform",
                                          "kaiming_normal", "trunc_normal", "copy", "orthogonal"):  # fmt: skip
            continue
        if (event.name == "copy_" and not _random(p, event)) or _zeroed(p, layer, event.seq):
            continue
        seen.add(id(layer))
        index = layer.kwargs["padding_idx"].const
        yield p.report(
            "SB862",
            event,
            f"{'nn.init.' if event.kind == 'init' else ''}{event.name} overwrites the zero vector of "
            f"padding_idx{'' if index is None else f'={index}'}: padding has a random embedding now",
            why="the padding row gets no gradient, so it keeps its random vector and counts in every sum and mean",
            fix="Set it back: with torch.no_grad(): emb.weight[padding_idx].fill_(0)",
            related=(q.place(layer),),
        )


def _embedding(val: Val | None) -> Val | None:
    """The embedding whose whole weight a value is."""
    for one in q.chain(val)[:3] if val is not None else ():
        if one.name == "getitem":
            return None
        if one.name == "parameter" and one.args and one.args[0].name == "Embedding":
            return one.args[0] if one.args[0].kind == "module" else None
    return None


def _summed(p: Program, layer: Val) -> bool:
    """Whether the vectors are summed as they come out of the table, padding and all."""
    outputs = [e.result for e in p.all("forward") if e.recv is layer and e.result is not None]
    return any(u.name == "sum" for o in outputs for u in q.users(p, o))


def _among(p: Program, event: Event) -> Val | None:
    """The embedding that a loop over all parameters of a model initialises with the rest."""
    one = event.recv
    loop = next((r.node for r in reversed(event.loops) if isinstance(r.node, ast.For)), None)
    if one is None or one.name != "parameter" or loop is None or not one.args or one.args[0].kind != "params":
        return None
    names = [n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)]
    way = choosing.way(loop.body, event.node)
    for module in ownership.modules_of(one.args[0]):
        for known in choosing.parameters(module):
            if known.module is None or known.module.name != "Embedding" or way is None:
                continue
            if choosing.satisfied(p, way, names, known) and known.module.kwargs.get("padding_idx") is not None:
                return known.module
    return None


def _random(p: Program, event: Event) -> bool:
    """Whether a table of random vectors is copied in, and no row of it was set."""
    parts = [v for a in event.args for v in q.chain(a)]
    if not any(v.name in ("np_randn", "randn", "rand", "np_rand", "np_normal", "np_uniform") for v in parts):
        return False
    known = {id(v) for v in parts}
    return not any(e.recv is not None and id(e.recv) in known for e in p.all("setitem", "inplace") if e is not event)


def _zeroed(p: Program, layer: Val, after: int) -> bool:
    """Whether a row of the weight is set afterwards."""
    for event in p.all("inplace", "setitem", "init"):
        if event.seq <= after or event.recv is None:
            continue
        if any(one.name == "parameter" and one.args and one.args[0] is layer for one in q.chain(event.recv)):
            return True
    return False
