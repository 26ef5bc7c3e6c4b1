"""A running sum is kept in a format with too few digits.

## What it does

Notices a number in bfloat16 or float16 that grows by in-place or repeated addition.

## Why is this bad

bfloat16 has 8 significant bits: from 256 on, adding 1 changes nothing. Counts saturate and averages come out too low.

## Example

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(240, 4)
y = (x[:, 0] > 0).long()
for _ in range(6):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
right = torch.zeros((), dtype=torch.bfloat16)
model.eval()
with torch.no_grad():
    for k in range(0, 240, 10):
        right += (model(x[k : k + 10]).argmax(1) == y[k : k + 10]).sum()
```

## Use instead

```python
model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(240, 4)
y = (x[:, 0] > 0).long()
for _ in range(6):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
right = torch.zeros((), dtype=torch.long)
model.eval()
with torch.no_grad():
    for k in range(0, 240, 10):
        right += (model(x[k : k + 10]).argmax(1) == y[k : k + 10]).sum()
```
"""
