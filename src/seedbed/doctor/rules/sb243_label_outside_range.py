"""Labels do not start at 0 or leave the range of classes.

## What it does

Counts the labels that cross-entropy sees: all classes from 1 to the last one occur, and class 0 never does.

## Why is this bad

Class 0 is an output that is never right. Predictions are shifted by one wherever they are turned back into
names.

## Example

```python
model = nn.Linear(4, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(90, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long() + 1
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
x = torch.randn(90, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
for _ in range(20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""
