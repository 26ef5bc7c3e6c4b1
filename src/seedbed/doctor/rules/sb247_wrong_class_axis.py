"""The class axis of a loss or metric is not where it is expected.

## What it does

Follows the input of cross-entropy back to a linear layer, whose classes are on the last axis, while the loss
reads them on axis 1.

## Why is this bad

When time and classes have the same size nothing raises: the loss compares the wrong numbers, and the model
learns nothing useful.

## Example

```python
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(6, 16)
        self.head = nn.Linear(16, 5)

    def forward(self, ids):
        return self.head(torch.relu(self.table(ids)))


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(10):
    ids = torch.randint(0, 5, (8, 5))
    tags = (ids + 1) % 5
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), tags)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(6, 16)
        self.head = nn.Linear(16, 5)

    def forward(self, ids):
        return self.head(torch.relu(self.table(ids)))


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(10):
    ids = torch.randint(0, 5, (8, 5))
    tags = (ids + 1) % 5
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids).transpose(1, 2), tags)
    loss.backward()
    optimizer.step()
```
"""
