"""Targets are far from the scale that a network puts out.

## What it does

Looks at mean and deviation of the targets as the loss sees them.

## Why is this bad

A network begins with outputs near 0. With targets near 50,000 it first learns the mean, for many updates and
with huge losses, and a rate that suits this is far too large afterwards.

## Example

```python
def data():
    x = torch.rand(200, 64)
    price = 50_000 + 10_000 * x[:, 0]
    return x, price
```

## Use instead

```python
def data():
    x = torch.rand(200, 64)
    price = 50_000 + 10_000 * x[:, 0]
    return x, price / 10_000 - 5
```
"""
