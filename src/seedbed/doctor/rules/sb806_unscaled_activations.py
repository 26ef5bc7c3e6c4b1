"""Activations grow or vanish from layer to layer before training.

## What it does

Measures the size of every linear and convolution layer's output for the first batch.

## Why is this bad

Gradients shrink or grow by the same factors on their way back: some layers don't train, others jump.

## Example

```python
class Model(nn.Sequential):
    def __init__(self):
        layers = [nn.Linear(64, 64) for _ in range(6)]
        for layer in layers:
            nn.init.normal_(layer.weight, std=1e-3)
            nn.init.zeros_(layer.bias)
        super().__init__(*layers, nn.Linear(64, 10))
```

## Use instead

```python
class Model(nn.Sequential):
    def __init__(self):
        layers = [nn.Linear(64, 64) for _ in range(6)]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        super().__init__(*layers, nn.Linear(64, 10))
```
"""
