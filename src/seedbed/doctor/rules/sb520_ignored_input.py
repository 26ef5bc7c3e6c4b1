"""The output does not depend on the input.

## What it does

Compares the outputs for different inputs in eval mode, also after the weights were changed a little, so that
a last layer of zeros is no finding.

## Why is this bad

The model can only learn one answer for everything: the input is overwritten, multiplied by zero or not used.

## Example

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        hidden = torch.zeros(len(x), 16)
        self.first(x)
        return self.head(hidden)
```

## Use instead

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        hidden = self.first(x).relu()
        return self.head(hidden)
```
"""
