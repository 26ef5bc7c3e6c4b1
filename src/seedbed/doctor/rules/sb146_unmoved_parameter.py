"""A parameter never changes although training runs.

## What it does

Compares every parameter of a stepping optimizer with its first value when the run ends. One that has a
gradient and is bit for bit the same is reported.

## Why is this bad

Something undoes or swallows the update: a learning rate of zero in its group, values that are copied back, or
steps smaller than the precision of the number.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD([
    {"params": model[0].parameters(), "lr": 0.0},
    {"params": model[2].parameters(), "lr": 0.1},
])
x = torch.randn(64, 4)
for _ in range(20):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
for _ in range(20):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```
"""
