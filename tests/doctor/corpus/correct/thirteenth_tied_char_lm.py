"""Character language model whose output layer shares the embedding matrix."""
import math

import torch
import torch.nn as nn

torch.manual_seed(1234)

words = ["the", "cat", "sat", "on", "a", "mat", "and", "ran", "to", "that", "hat"]
pick = torch.randint(0, len(words), (900,))
text = " ".join(words[i] for i in pick.tolist())
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
data = torch.tensor([stoi[c] for c in text])
cut = int(0.9 * len(data))
train_ids, val_ids = data[:cut], data[cut:]

BLOCK = 24


class TiedLM(nn.Module):
    def __init__(self, n_vocab, dim=32):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, n_vocab)
        nn.init.normal_(self.emb.weight, std=dim**-0.5)
        self.head.weight = self.emb.weight

    def forward(self, ids):
        h, _ = self.rnn(self.emb(ids))
        return self.head(self.norm(h))


def get_batch(ids, n):
    start = torch.randint(0, len(ids) - BLOCK, (n,))
    window = start[:, None] + torch.arange(BLOCK + 1)
    chunk = ids[window]
    return chunk[:, :-1], chunk[:, 1:]


model = TiedLM(len(vocab))
assert model.head.weight is model.emb.weight
print("parameters:", sum(p.numel() for p in model.parameters()))
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-4)

model.train()
for it in range(1, 151):
    xb, yb = get_batch(train_ids, 32)
    logits = model(xb)
    loss = loss_fn(logits.flatten(0, 1), yb.flatten())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if it % 50 == 0:
        print(f"iter {it}  train loss {loss.item():.3f}")

model.eval()
with torch.no_grad():
    n = (len(val_ids) - 1) // BLOCK * BLOCK
    xv = val_ids[:n].view(-1, BLOCK)
    yv = val_ids[1 : n + 1].view(-1, BLOCK)
    val = loss_fn(model(xv).flatten(0, 1), yv.flatten()).item()
print(f"val loss {val:.3f}, perplexity {math.exp(val):.2f}")
