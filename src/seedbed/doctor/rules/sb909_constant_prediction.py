"""The model predicts the same for every input.

## What it does

Runs the first training batch through the trained model and compares the outputs.

## Why is this bad

Nothing of the input reaches the output: all units are dead, the weights have shrunk to zero, or the input is
not used.

## Example

```python
class Blind(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, x):
        x = torch.zeros_like(x)
        return self.layer(x)


model = Blind()
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
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(64, 4)
for _ in range(10):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
```
"""
