"""The data holds NaN or infinity.

## What it does

Looks for values that are not finite among inputs and targets in memory.

## Why is this bad

One of them makes the loss NaN, and then every weight, as soon as its sample is drawn.

## Example

```python
def data():
    x = torch.rand(200, 64)
    x[17, 3] = float("nan")  # a sensor that was off
    return x, torch.arange(200) % 10
```

## Use instead

```python
def data():
    x = torch.rand(200, 64)
    x[17, 3] = float("nan")  # a sensor that was off
    return x.nan_to_num(0.5), torch.arange(200) % 10
```
"""
