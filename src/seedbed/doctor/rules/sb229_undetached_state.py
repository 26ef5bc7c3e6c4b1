"""The hidden state is carried from batch to batch without detach().

## What it does

Counts the nodes of the autograd graph of each loss. With `retain_graph=True` a graph that grows from batch to
batch is reported.

## Why is this bad

Each backward pass goes through all batches so far. Time and memory grow without limit, and the gradient is
not the one that is wanted.

## Example

```python
rnn = nn.GRU(1, 8, batch_first=True)
head = nn.Linear(8, 1)
optimizer = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=0.01)
wave = torch.sin(torch.arange(200) * 0.1).view(1, -1, 1)
hidden = torch.zeros(1, 1, 8)
optimizer.zero_grad()
for t in range(0, 180, 15):
    out, hidden = rnn(wave[:, t : t + 15], hidden)
    loss = F.mse_loss(head(out), wave[:, t + 1 : t + 16])
    (loss / 12).backward(retain_graph=True)
optimizer.step()
```

## Use instead

```python
rnn = nn.GRU(1, 8, batch_first=True)
head = nn.Linear(8, 1)
optimizer = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=0.01)
wave = torch.sin(torch.arange(200) * 0.1).view(1, -1, 1)
hidden = torch.zeros(1, 1, 8)
optimizer.zero_grad()
for t in range(0, 180, 15):
    hidden = hidden.detach()
    out, hidden = rnn(wave[:, t : t + 15], hidden)
    loss = F.mse_loss(head(out), wave[:, t + 1 : t + 16])
    (loss / 12).backward()
optimizer.step()
```
"""
