"""One sample's output depends on the others in the batch.

## What it does

Runs the first training batch through the trained model in evaluation mode, twice, with one sample changed. No
other sample's output may move.

## Why is this bad

Some operation works along the batch axis: softmax or mean over dim 0, a view that mixes samples, a recurrent
layer with batch and time swapped. The prediction for a sample then depends on its neighbours.

## Example

```python
class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 16)
        self.second = nn.Linear(16, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.second(h - h.mean(0, keepdim=True))


model = Scorer()
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
class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 16)
        self.second = nn.Linear(16, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.second(h - h.mean(1, keepdim=True))


model = Scorer()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(64, 4)
for _ in range(10):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```
"""
