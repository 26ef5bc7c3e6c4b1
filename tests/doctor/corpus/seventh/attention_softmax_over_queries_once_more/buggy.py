import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)

# Lookup task: every token is a (key, value) pair, the first token is a question key.
# The model must return the value that stands next to that key.
N_KEYS, N_VALS, LEN = 12, 5, 10


def make_batch(n):
    keys = torch.rand(n, N_KEYS).argsort(dim=1)[:, :LEN]
    vals = torch.randint(N_VALS, (n, LEN))
    which = torch.randint(LEN, (n,))
    ask = keys.gather(1, which[:, None])
    target = vals.gather(1, which[:, None]).squeeze(1)
    k = torch.cat([ask, keys], dim=1)
    v = torch.cat([torch.full((n, 1), N_VALS), vals], dim=1)
    return k, v, target


class SelfAttention(nn.Module):
    """single head, no mask; x: (batch, tokens, dim)"""

    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)
        self.scale = 1 / math.sqrt(dim)

    def weights(self, q, k):
        scores = torch.einsum("bid,bjd->bij", q, k) * self.scale
        return F.softmax(scores, dim=1)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return self.proj(self.weights(q, k) @ v)


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.att = SelfAttention(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.mlp(self.n2(x))


class Lookup(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.key_emb = nn.Embedding(N_KEYS, dim)
        self.val_emb = nn.Embedding(N_VALS + 1, dim)
        self.blocks = nn.Sequential(Block(dim))
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, N_VALS)

    def forward(self, k, v):
        x = self.blocks(self.key_emb(k) + self.val_emb(v))
        return self.out(self.norm(x[:, 0]))


train_k, train_v, train_t = make_batch(2000)
test_k, test_v, test_t = make_batch(500)
model = Lookup()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(2):
    model.train()
    for idx in torch.randperm(len(train_t)).split(100):
        loss = F.cross_entropy(model(train_k[idx], train_v[idx]), train_t[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        acc = (model(test_k, test_v).argmax(-1) == test_t).float().mean().item()
    print(f"epoch {epoch + 1}: last loss {loss.item():.3f}, test acc {acc:.3f}")
