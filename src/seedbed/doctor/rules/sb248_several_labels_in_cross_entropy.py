"""CrossEntropyLoss gets several labels per sample.

## What it does

Looks at targets that are given as probabilities: each row must sum to 1.

## Why is this bad

Cross-entropy makes the classes compete for one unit of probability. With several ones in a row the loss has a
floor and the classes push each other down.

## Example

```python
model = nn.Linear(4, 5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
tags = (torch.rand(64, 5) > 0.5).float()
for _ in range(5):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), tags)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
tags = (torch.rand(64, 5) > 0.5).float()
for _ in range(5):
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(model(x), tags)
    loss.backward()
    optimizer.step()
```
"""
