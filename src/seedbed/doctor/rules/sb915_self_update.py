"""An average or a buffer is an alias of what it should follow.

## What it does

Notices an in-place update of a tensor with the very same memory: a shadow of the weights that is updated with the
weights it shares storage with, a momentum buffer that is the gradient itself.

## Why is this bad

The two names hold the same numbers, so there is no history: the average is always the current weights, the momentum
is always the current gradient (or twice it).

## Example

```python
model = nn.Linear(4, 1)
shadow = {name: p.detach() for name, p in model.named_parameters()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for name, p in model.named_parameters():
            shadow[name].lerp_(p, 0.01)
```

## Use instead

```python
model = nn.Linear(4, 1)
shadow = {name: p.detach().clone() for name, p in model.named_parameters()}
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(64, 4)
for _ in range(8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for name, p in model.named_parameters():
            shadow[name].lerp_(p, 0.01)
```
"""
