import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class SelfAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.h, self.d = n_heads, d_model // n_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)

    def split(self, x):
        B, L, _ = x.shape
        return x.view(B, self.h, L, self.d)

    def forward(self, x):
        B, L, _ = x.shape
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        att = (q @ k.transpose(-2, -1)) / math.sqrt(self.d)
        y = (att.softmax(-1) @ v).transpose(1, 2).reshape(B, L, -1)   # B L h d -> B L (h d)
        return self.out(y)


class Encoder(nn.Module):
    def __init__(self, vocab=12, d=32, length=12):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        self.pos = nn.Parameter(torch.randn(1, length, d))
        self.att = SelfAttention(d, 4)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, d))
        self.proj = nn.Linear(d, vocab)

    def forward(self, t):
        x = self.tok(t) + self.pos
        x = self.n1(x + self.att(x))
        return self.proj(self.n2(x + self.ff(x)))


# task: sort the sequence
torch.manual_seed(4)
train = torch.randint(0, 12, (2000, 12))
test = torch.randint(0, 12, (200, 12))
net = Encoder()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for ep in range(5):
    net.train()
    for i in torch.randperm(len(train)).split(50):
        loss = F.cross_entropy(net(train[i]).transpose(1, 2), train[i].sort(1).values)
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(test).argmax(-1) == test.sort(1).values).float().mean()
    print(f"{ep} loss {loss.item():.3f} test acc {acc.item():.3f}")
