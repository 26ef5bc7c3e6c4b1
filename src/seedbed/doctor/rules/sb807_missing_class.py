"""A class is missing from a split.

## What it does

Counts the classes of the training and validation data.

## Why is this bad

A class that is never trained on can't be recognised; one that is never validated may be wrong without a
trace.

## Example

```python
def data():
    x, labels = torch.rand(200, 64), torch.arange(200) // 20
    train, val = slice(0, 160), slice(160, 200)
    return {"train": (x[train], labels[train]), "val": (x[val], labels[val])}
```

## Use instead

```python
def data():
    x, labels = torch.rand(200, 64), torch.arange(200) // 20
    order = torch.randperm(200)
    train, val = order[:160], order[160:]
    return {"train": (x[train], labels[train]), "val": (x[val], labels[val])}
```
"""
