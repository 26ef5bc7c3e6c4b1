"""PyTorch warned about this.

## What it does

Listens to the warnings that PyTorch shows and explains those that name a training mistake.

## Why is this bad

A warning is printed once and scrolls away. `torch.tensor(tensor)`, for example, copies and cuts the graph.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.second(h) + torch.tensor(h).sum(1, keepdim=True)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 4)
for _ in range(5):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.second(h) + h.sum(1, keepdim=True)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 4)
for _ in range(5):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```
"""
