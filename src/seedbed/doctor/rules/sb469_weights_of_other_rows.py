"""The weights of a sampler belong to other rows than the data set that it draws from.

## What it does

Finds a loader over a part of the data (`Subset`, `random_split`) whose `WeightedRandomSampler` got weights in the order
of the whole data.

## Why is this bad

Weight i belongs to row i of the whole data, but sample i of the part is another row: the classes are not balanced.

## Example

```python
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler, random_split
train_set, val_set = random_split(TensorDataset(x, labels), [800, 200])
weights = (1.0 / torch.bincount(labels))[labels]
loader = DataLoader(train_set, batch_size=32, sampler=WeightedRandomSampler(weights[:800], 800))
```

## Use instead

```python
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler, random_split
train_set, val_set = random_split(TensorDataset(x, labels), [800, 200])
own = labels[train_set.indices]
weights = (1.0 / torch.bincount(own))[own]
loader = DataLoader(train_set, batch_size=32, sampler=WeightedRandomSampler(weights, 800))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    for event in p.calls("DataLoader"):
        loader = event.result
        sampler = event.kwargs.get("sampler")
        if loader is None or not loader.args or sampler is None or sampler.name != "WeightedRandomSampler":
            continue
        data, weights = loader.args[0], sampler.arg(0, "weights")
        if weights is None or id(event.node) in told or data.kind == "phi" or not _part(data):
            continue
        behind = _without_sizes(weights)
        if any(v.name == "free" or "opaque" in v.tags or v.name == "indices" for v in behind) or _own(data, behind):
            continue
        if any(v.name in ("bincount", "Counter", "value_counts", "unique", "getitem") for v in behind):
            told.add(id(event.node))
            yield p.report(
                "SB469",
                sampler,
                "the sampler weights are in the order of the whole data, but the loader draws from a part of it "
                f"({data.name}): the weights do not match its samples",
                why="sample i of the part has the weight of row i of the whole data, so the balance is random",
                fix="Make the weights from the labels of the part itself: labels[train_set.indices]",
            )


def _part(data: Val) -> bool:
    """Whether a data set is a part in an order of its own."""
    if data.name == "random_split":
        return True
    key = data.arg(1, "indices") if data.name == "Subset" else None
    return key is not None and any(
        v.name in lineage.DRAWS or v.name == "train_test_split" for v in ancestors(key, limit=60)
    )


def _own(data: Val, behind: list[Val]) -> bool:
    """Whether the weights were made from this part: its samples, or the same indices."""
    key = data.arg(1, "indices") if data.name == "Subset" else None
    wanted = {id(data)} | ({id(v) for v in lineage.path(key, 40)} if key is not None else set())
    wanted -= {id(v) for v in lineage.path(key, 40) if v.kind in ("const", "number")} if key is not None else set()
    return any(id(v) in wanted for v in behind)


def _without_sizes(val: Val) -> list[Val]:
    """Everything that a value was made from, except through the mere length of something."""
    found: dict[int, Val] = {}
    stack = [val]
    while stack and len(found) < 800:
        one = stack.pop()
        if id(one) in found or one.kind in ("func", "class", "lib"):
            continue
        found[id(one)] = one
        if one.name not in ("len", "size", "shape", "numel"):
            stack.extend(one.inputs())
    return list(found.values())
