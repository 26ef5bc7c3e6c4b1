"""Inputs are far from the scale that the network expects.

## What it does

Looks at the range of the training inputs: whole numbers up to 255 are pixels that nobody has scaled.

## Why is this bad

Layers are initialised for inputs around -1..1. With 255 the first layer saturates or the first steps explode.

## Example

```python
images = torch.randint(0, 256, (120, 16))
y = (images.float().mean(1) > 127).long()
x = images.float()
model = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for k in range(0, 120, 20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x[k : k + 20]), y[k : k + 20])
    loss.backward()
    optimizer.step()
```

## Use instead

```python
images = torch.randint(0, 256, (120, 16))
y = (images.float().mean(1) > 127).long()
x = images.float() / 127.5 - 1
model = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for k in range(0, 120, 20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x[k : k + 20]), y[k : k + 20])
    loss.backward()
    optimizer.step()
```
"""
