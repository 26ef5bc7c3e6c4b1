"""A parameter is trained but never gets a gradient.

## What it does

Goes backward once from the first batch and looks for parameters of the optimizer that have no gradient.

## Why is this bad

The loss does not depend on them. Usually a layer was defined and forgotten in forward(), or its result is
detached.

## Example

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 16)
        self.second = nn.Linear(16, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.first(x).relu())
```

## Use instead

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 16)
        self.second = nn.Linear(16, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.second(self.first(x).relu()).relu())
```
"""
