"""A graph layer sums the features of the receiving nodes themselves.

## What it does

Finds `index_add_(0, target, x[target])` and `scatter_add_` of the like: what is summed for a node is gathered with the
same end of the edges as it is summed by.

## Why is this bad

Every node gets itself, as often as it has edges. Nothing travels along the edges, so the graph has no influence.

## Example

```python
x, edges = torch.randn(80, 5), torch.randint(0, 80, (2, 400))
source, target = edges
total = torch.zeros_like(x).index_add_(0, target, x[target])
out = nn.Linear(5, 2)(total)
```

## Use instead

```python
x, edges = torch.randn(80, 5), torch.randint(0, 80, (2, 400))
source, target = edges
total = torch.zeros_like(x).index_add_(0, target, x[source])
out = nn.Linear(5, 2)(total)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_SUMS = ("index_add", "index_add_", "scatter_add", "scatter_add_", "scatter_reduce", "scatter_reduce_", "index_reduce_")
_MOVES = frozenset(["view", "unsqueeze", "expand", "expand_as", "reshape", "repeat", "long", "to"])
_STEPS = frozenset(["Linear", "linear", "relu", "gelu", "tanh", "dropout", "forward", "silu", "elu", "leaky_relu"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    sums = [(e, *_parts(e)) for e in p.first_calls(*_SUMS)]
    for event, index, source in sums:
        if index is None or source is None or id(event.node) in seen:
            continue
        gathered = _gathered(source)
        if gathered is None or _index(gathered.args[-1]) is not index or index.name not in ("part", "getitem"):
            continue
        base = gathered.args[0]
        if not base.shape or base.name in ("ones", "zeros", "ones_like", "full") or not _feature(base):
            continue
        if any(
            other is not event and i is index and s is not None and (g := _gathered(s)) is not None
            and g.args[0] is base and _index(g.args[-1]) is not index
            for other, i, s in sums
        ):  # fmt: skip
            continue  # a sum of differences, written in two parts
        seen.add(id(event.node))
        yield p.report(
            "SB674",
            event,
            f"the messages are gathered with the same end of the edges ({index.var or 'the index'}) as they are summed "
            "by: every node receives only itself",
            why="no feature travels along an edge from its source to its target, so the graph has no effect",
            fix="Gather with the source and sum by the target: out.index_add_(0, dst, x[src])",
        )


def _parts(event: Event) -> tuple[Val | None, Val | None]:
    """The index and what is summed."""
    index, source = event.arg(1, "index"), event.arg(2, "source" if "index" in event.name else "src")
    return (_index(index) if index is not None else None), source


def _index(val: Val) -> Val:
    for _ in range(8):
        if val.name not in _MOVES or not val.args:
            break
        val = val.args[0]
    return val


def _gathered(val: Val) -> Val | None:
    """``x[i]``, through layers and a product with weights that hold no other feature of a node."""
    for _ in range(12):
        val = core(val)
        if val.name == "getitem" and len(val.args) > 1:
            return val if val.args[1].kind in ("tensor", "unknown") else None
        if val.name == "index_select" and len(val.args) > 2 and val.number(1, "dim") == 0:
            return val
        if val.name in ("mul", "div") and len(val.args) == 2:
            found = [(g, o) for g, o in (val.args, val.args[::-1]) if _gathered(g) is not None]
            if len(found) != 1 or any(v.grad for v in ancestors(found[0][1], limit=40)):
                return None
            val = found[0][0]
        elif val.name in _STEPS and val.args:
            val = val.args[0]
        else:
            return None
    return None


def _feature(val: Val) -> bool:
    """Whether rows of it are features of nodes: more than one number each."""
    return len(val.shape or ()) > 1
