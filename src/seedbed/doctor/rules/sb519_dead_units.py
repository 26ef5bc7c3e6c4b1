"""Units are zero for every input.

## What it does

Runs the first training batch through the trained model and looks for ReLU layers that give nothing but zeros.

## Why is this bad

A ReLU that is zero for every input has no gradient: it stays dead, and everything before it stops learning. A
learning rate that is too high or a large negative bias causes it.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
nn.init.constant_(model[0].bias, -50.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(64, 4)
for _ in range(10):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(64, 4)
for _ in range(10):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```
"""
