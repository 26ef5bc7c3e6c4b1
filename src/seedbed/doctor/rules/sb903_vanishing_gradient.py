"""The gradient vanishes.

## What it does

Looks for a gradient norm of almost zero (known where trainer.clip_norm is set) in several logged updates in a
row.

## Why is this bad

Nothing is learned from gradients of this size. Units are dead or saturated, or the loss has reached zero.

## Example

```python
class Model(nn.Sequential):
    def __init__(self):
        first, last = nn.Linear(64, 16), nn.Linear(16, 10)
        super().__init__(first, nn.ReLU(), last)
        nn.init.zeros_(last.weight)
        nn.init.constant_(first.bias, -1e4)
        last.bias.requires_grad_(False)
```

## Use instead

```python
class Model(nn.Sequential):
    def __init__(self):
        first, last = nn.Linear(64, 16), nn.Linear(16, 10)
        super().__init__(first, nn.ReLU(), last)
```
"""
