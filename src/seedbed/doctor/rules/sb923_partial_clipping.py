"""Only a part of the optimizer's parameters is clipped.

## What it does

Compares the parameters that are passed to `clip_grad_norm_` with those that the optimizer steps.

## Why is this bad

The gradients of the rest are never clipped, so an explosion there goes through. Recurrent layers alone are left out of
this check: clipping only those is a known recipe.

## Example

```python
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
for _ in range(8):
    optimizer.zero_grad()
    F.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
    nn.utils.clip_grad_norm_(model[0].parameters(), 1.0)
    optimizer.step()
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
for _ in range(8):
    optimizer.zero_grad()
    F.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```
"""
