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

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_MASKS = ("pack_padded_sequence", "masked_fill", "padding_mask", "attention_mask", "!=", ".ne(", "== 0", "lengths")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if any(word in p.source.text for word in _MASKS):
        return  # the padding is left out by a mask: its vector does not matter
    seen: set[int] = set()
    for event in p.all("init", "inplace"):
        layer = _embedding(event.recv)
        if layer is None or id(layer) in seen or layer.kwargs.get("padding_idx") is None:
            continue
        if event.name.rstrip("_") not in ("normal", "uniform", "xavier_uniform", "xavier_normal", "kaiming_uniform",
                                          "kaiming_normal", "trunc_normal", "copy", "orthogonal"):  # fmt: skip
            continue
        if event.name == "copy_" or _zeroed(p, layer, event.seq):
            continue
        seen.add(id(layer))
        yield p.report(
            "SB862",
            event,
            f"nn.init.{event.name} overwrites the zero vector of padding_idx={layer.kwargs['padding_idx'].const}: "
            "padding has a random embedding now",
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


def _zeroed(p: Program, layer: Val, after: int) -> bool:
    """Whether a row of the weight is set afterwards."""
    for event in p.all("inplace", "setitem", "init"):
        if event.seq <= after or event.recv is None:
            continue
        if any(one.name == "parameter" and one.args and one.args[0] is layer for one in q.chain(event.recv)):
            return True
    return False
