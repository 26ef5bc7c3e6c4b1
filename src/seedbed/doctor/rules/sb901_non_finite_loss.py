"""The loss is not finite.

## What it does

Looks at the number that each backward pass starts from.

## Why is this bad

From the first NaN on, every weight that gets a gradient is NaN too, and nothing repairs it. Look for the log
or division of zero, or the learning rate, that made it.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(64, 4)
for _ in range(5):
    optimizer.zero_grad()
    loss = (model(x) * float("inf")).mean()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(64, 4)
for _ in range(5):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```
"""
