"""The padding mask of attention hides the queries, not the keys.

## What it does

Looks at the scores of self-attention before the softmax: whole rows are masked, and no key is hidden from the others.

## Why is this bad

The mask lies along the query axis. Padded keys still get attention from every real position, so the padding takes
part in the result. The row of a padded query is all equal, which helps nobody.

## Example

```python
embed, head = nn.Embedding(12, 8), nn.Linear(8, 2)
optimizer = torch.optim.SGD([*embed.parameters(), *head.parameters()], lr=0.1)
ids = torch.randint(1, 12, (32, 6))
pad = torch.arange(6)[None] >= torch.randint(3, 6, (32, 1))
y = torch.randint(0, 2, (32,))
for _ in range(4):
    optimizer.zero_grad()
    h = embed(ids)
    scores = h @ h.transpose(1, 2) / 8**0.5
    weights = scores.masked_fill(pad.unsqueeze(2), -1e9).softmax(-1)
    loss = F.cross_entropy(head((weights @ h)[:, 0]), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
embed, head = nn.Embedding(12, 8), nn.Linear(8, 2)
optimizer = torch.optim.SGD([*embed.parameters(), *head.parameters()], lr=0.1)
ids = torch.randint(1, 12, (32, 6))
pad = torch.arange(6)[None] >= torch.randint(3, 6, (32, 1))
y = torch.randint(0, 2, (32,))
for _ in range(4):
    optimizer.zero_grad()
    h = embed(ids)
    scores = h @ h.transpose(1, 2) / 8**0.5
    weights = scores.masked_fill(pad.unsqueeze(1), -1e9).softmax(-1)
    loss = F.cross_entropy(head((weights @ h)[:, 0]), y)
    loss.backward()
    optimizer.step()
```
"""
