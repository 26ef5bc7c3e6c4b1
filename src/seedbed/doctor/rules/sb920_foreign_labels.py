"""Labels no longer belong to the inputs that they came with.

## What it does

Remembers which label came with which row of a batch, and compares it with the rows that the model gets and the targets
that the loss gets.

## Why is this bad

A sort, a shuffle, or `repeat` in place of `repeat_interleave` on one of the two pairs samples with the labels of
others. Nothing fails; the model learns noise.

## Example

```python
x = torch.randn(96, 3, 5)
y = (x.mean((1, 2)) > 0).long()
data = torch.utils.data.TensorDataset(x, y)
model = nn.Linear(5, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    for views, labels in torch.utils.data.DataLoader(data, batch_size=24, shuffle=True):
        optimizer.zero_grad()
        scores = model(views.flatten(0, 1))
        F.cross_entropy(scores, labels.repeat(3)).backward()
        optimizer.step()
```

## Use instead

```python
x = torch.randn(96, 3, 5)
y = (x.mean((1, 2)) > 0).long()
data = torch.utils.data.TensorDataset(x, y)
model = nn.Linear(5, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    for views, labels in torch.utils.data.DataLoader(data, batch_size=24, shuffle=True):
        optimizer.zero_grad()
        scores = model(views.flatten(0, 1))
        F.cross_entropy(scores, labels.repeat_interleave(3)).backward()
        optimizer.step()
```
"""
