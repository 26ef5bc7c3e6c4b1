"""Character model of a tiny grammar: decoder-only transformer, next-token prediction."""
import math
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB = "abcdefgh."
stoi = {c: i for i, c in enumerate(VOCAB)}
BLOCK = 16


def grammar(n):
    text = []
    while len(text) < n:
        c = random.randrange(8)
        for k in range(random.randint(2, 5)):
            text.append((c + k) % 8)
        text.append(stoi["."])
    return torch.tensor(text[:n])


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.h = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.proj = nn.Linear(d, d)
        self.ff = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.register_buffer("allowed", torch.tril(torch.ones(BLOCK, BLOCK, dtype=torch.bool)))

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = (u.view(B, T, self.h, D // self.h).transpose(1, 2) for u in self.qkv(self.ln1(x)).chunk(3, dim=-1))
        att = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        att = att.masked_fill(~self.allowed[:T, :T], float("-inf"))
        y = (att.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D)
        x = x + self.proj(y)
        return x + self.ff(self.ln2(x))


class LM(nn.Module):
    def __init__(self, d=32, heads=4, layers=2):
        super().__init__()
        self.tok = nn.Embedding(len(VOCAB), d)
        self.pos = nn.Embedding(BLOCK, d)
        self.blocks = nn.Sequential(*(Block(d, heads) for _ in range(layers)))
        self.ln = nn.LayerNorm(d)
        for emb in (self.tok, self.pos):
            nn.init.normal_(emb.weight, std=0.1)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1), device=idx.device))
        return F.linear(self.ln(self.blocks(x)), self.tok.weight)


def get_batch(data, n):
    starts = torch.randint(0, len(data) - BLOCK, (n,))
    x = torch.stack([data[s:s + BLOCK] for s in starts])
    y = torch.stack([data[s:s + BLOCK] for s in starts])
    return x, y


@torch.no_grad()
def generate(model, idx, n):
    model.eval()
    for _ in range(n):
        p = F.softmax(model(idx[:, -BLOCK:])[:, -1], dim=-1)
        idx = torch.cat([idx, torch.multinomial(p, 1)], dim=1)
    return idx


random.seed(1)
torch.manual_seed(1)
train, val = grammar(4000), grammar(1000)
model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for it in range(260):
    model.train()
    x, y = get_batch(train, 16)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
model.eval()
with torch.no_grad():
    x, y = get_batch(val, 100)
    val_loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
out = generate(model, torch.tensor([[stoi["."]]]), 40)[0]
print(f"val loss {val_loss:.3f}", "".join(VOCAB[i] for i in out))
