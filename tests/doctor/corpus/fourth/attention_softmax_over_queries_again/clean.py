"""Pointer task: return the value stored under the asked key."""
import math

import torch
from torch import nn

KEYS, VALUES, SLOTS = 12, 8, 6


class CrossAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        assert dim % heads == 0
        self.h, self.d = heads, dim // heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.to_out = nn.Linear(dim, dim)

    def split(self, x):
        b, n, _ = x.shape
        return x.reshape(b, n, self.h, self.d).transpose(1, 2)

    def forward(self, query, memory):
        q = self.split(self.to_q(query))
        k = self.split(self.to_k(memory))
        v = self.split(self.to_v(memory))
        scores = torch.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(self.d)
        weights = scores.softmax(dim=-1)
        out = torch.einsum("bhij,bhjd->bhid", weights, v)
        return self.to_out(out.transpose(1, 2).flatten(2))


class Lookup(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.key = nn.Embedding(KEYS, dim)
        self.value = nn.Embedding(VALUES, dim)
        self.ask = nn.Embedding(KEYS, dim)
        self.attend = CrossAttention(dim, heads)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, VALUES))

    def forward(self, keys, values, asked):
        memory = self.key(keys) + self.value(values)
        return self.head(self.attend(self.ask(asked), memory))


def batch(n):
    keys = torch.rand(n, KEYS).argsort(dim=1)[:, :SLOTS]
    values = torch.randint(0, VALUES, (n, SLOTS))
    pick = torch.randint(0, SLOTS, (n, 3))
    return keys, values, keys.gather(1, pick), values.gather(1, pick)


def main():
    torch.manual_seed(6)
    net = Lookup()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    for it in range(1, 401):
        k, v, a, target = batch(64)
        logits = net(k, v, a)
        loss = loss_fn(logits.permute(0, 2, 1), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if it % 200 == 0:
            net.eval()
            with torch.no_grad():
                k, v, a, target = batch(500)
                acc = (net(k, v, a).argmax(-1) == target).float().mean().item()
            net.train()
            print(f"{it}: loss {loss.item():.3f} accuracy on new tables {acc:.3f}")


main()
