"""The number of outputs does not fit the number of classes.

## What it does

Compares the width of what cross-entropy gets with the labels that it really sees, over at least 150 targets.

## Why is this bad

Outputs without a class learn only to be never chosen. Often the number was copied from another data set, or
labels were lost on the way.

## Example

```python
model = nn.Linear(4, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
for _ in range(20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
for _ in range(20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""
