"""One update made twice gives two different gradients.

## What it does

Goes forward and backward twice from the same weights, batch and random numbers, and compares the gradients.

## Why is this bad

An operation draws from a hidden generator, or a forward pass leaves something behind. The run cannot be
repeated bit for bit.

## Example

```python
noise = torch.Generator().manual_seed(1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x + torch.randn(x.shape, generator=noise))
```

## Use instead

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x + torch.randn(x.shape))
```
"""
