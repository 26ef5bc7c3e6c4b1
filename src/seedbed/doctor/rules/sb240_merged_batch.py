"""The batch dim is merged into the features.

## What it does

Compares the shapes before and after each view() and reshape() in the first steps with the number of samples
in the batch.

## Why is this bad

Values of different samples end in one row. The network then trains on mixtures of samples.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        _, hidden = self.rnn(x)
        return self.head(hidden.view(9, 16))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(9, 12, 2)
y = x.mean((1, 2)).unsqueeze(1)
for _ in range(10):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        _, hidden = self.rnn(x)
        return self.head(hidden.transpose(0, 1).reshape(9, 16))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(9, 12, 2)
y = x.mean((1, 2)).unsqueeze(1)
for _ in range(10):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
```
"""
