"""The output depends on the sample's place in the batch.

## What it does

Runs the first training batch through the trained model in evaluation mode, once more in another order. The outputs
must come in that order and be the same.

## Why is this bad

Something is indexed by the batch row: a positional encoding cut with the batch size, a state kept per row. The
prediction for a sample then depends on where in the batch it stands.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("place", torch.randn(64, 1, 4))
        self.out = nn.Linear(4, 1)

    def forward(self, x):
        return self.out(x + self.place[: x.size(0)]).mean(1)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 7, 4)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.mean(1)[:, :1])
    loss.backward()
    optimizer.step()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("place", torch.randn(64, 1, 4))
        self.out = nn.Linear(4, 1)

    def forward(self, x):
        return self.out(x + self.place[: x.size(1), 0]).mean(1)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(32, 7, 4)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.mean(1)[:, :1])
    loss.backward()
    optimizer.step()
```
"""
