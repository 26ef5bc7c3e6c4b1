import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def clones(module, n):
    "Produce n identical layers."
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)])


def attention(query, key, value):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.size(-1))
    return F.softmax(scores, dim=-1) @ value


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model):
        super().__init__()
        self.h, self.d_k = h, d_model // h
        self.linears = clones(nn.Linear(d_model, d_model), 4)

    def forward(self, query, key, value):
        n = query.size(0)
        query, key, value = [
            lin(x).view(n, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (query, key, value))
        ]
        x = attention(query, key, value)
        return self.linears[-1](x.transpose(1, 2).contiguous().view(n, -1, self.h * self.d_k))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, h, d_ff):
        super().__init__()
        self.self_attn = MultiHeadedAttention(h, d_model)
        self.feed_forward = nn.Sequential(nn.Linear(d_model, d_ff), nn.ReLU(), nn.Linear(d_ff, d_model))
        self.norms = clones(nn.LayerNorm(d_model), 2)

    def forward(self, x):
        x = self.norms[0](x + self.self_attn(x, x, x))
        return self.norms[1](x + self.feed_forward(x))


class Sorter(nn.Module):
    "Says for every position which token belongs there after sorting."

    def __init__(self, vocab, length, d_model=32, h=4, n=2):
        super().__init__()
        self.tok = nn.Embedding(vocab, d_model)
        self.pos = nn.Parameter(0.02 * torch.randn(length, d_model))
        self.layers = clones(EncoderLayer(d_model, h, 64), n)
        self.out = nn.Linear(d_model, vocab)

    def forward(self, ids):
        x = self.tok(ids) + self.pos
        for layer in self.layers:
            x = layer(x)
        return self.out(x)


torch.manual_seed(0)
V, L = 10, 8
data = torch.randint(0, V, (1500, L))
train, val = data[:1200], data[1200:]
model = Sorter(V, L)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for ids in train[torch.randperm(len(train))].split(50):
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.sort(dim=1).values.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(val).argmax(-1) == val.sort(dim=1).values).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.3f} token accuracy {acc:.3f}")
