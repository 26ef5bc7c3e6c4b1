"""Batches hold one class only.

## What it does

Counts the different labels in each training batch beside those of all batches together.

## Why is this bad

Each step pulls the model to one class. It forgets the others, and BatchNorm sees statistics of one class at a
time.

## Example

```python
x = torch.randn(240, 4)
y = (x[:, 0] > 0).long()
order = y.argsort()
x, y = x[order], y[order]
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for k in range(0, 240, 20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x[k : k + 20]), y[k : k + 20])
    loss.backward()
    optimizer.step()
```

## Use instead

```python
x = torch.randn(240, 4)
y = (x[:, 0] > 0).long()
order = torch.randperm(240)
x, y = x[order], y[order]
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for k in range(0, 240, 20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x[k : k + 20]), y[k : k + 20])
    loss.backward()
    optimizer.step()
```
"""
