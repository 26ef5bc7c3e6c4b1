import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(9)


class MHA(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))

    def split(self, t):
        B, T, C = t.shape
        return t.reshape(B, self.h, T, C // self.h)

    def forward(self, x):
        B, T, C = x.shape
        y = F.scaled_dot_product_attention(self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x)))
        y = y.reshape(B, T, C)
        return self.o(y)


class Model(nn.Module):
    def __init__(self, v, T, d=32):
        super().__init__()
        self.e = nn.Embedding(v, d)
        self.p = nn.Embedding(T, d)
        self.a1, self.a2 = MHA(d, 4), MHA(d, 4)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.f = nn.Linear(d, v)

    def forward(self, s):
        x = self.e(s) + self.p.weight
        x = self.n1(x + self.a1(x))
        x = self.n2(x + self.a2(x))
        return self.f(x)


# task: shift every sequence by as many places as its first token says
V, T = 8, 8
S = torch.randint(0, V, (2400, T))
Y = torch.stack([torch.roll(s, int(s[0])) for s in S])
Str, Ytr, Sva, Yva = S[:2000], Y[:2000], S[2000:], Y[2000:]
m = Model(V, T)
o = torch.optim.Adam(m.parameters(), lr=3e-3)
for ep in range(10):
    m.train()
    for b in torch.randperm(2000).split(50):
        l = F.cross_entropy(m(Str[b]).transpose(1, 2), Ytr[b])
        o.zero_grad(); l.backward(); o.step()
    m.eval()
    with torch.no_grad():
        print(ep, round(l.item(), 3), round((m(Sva).argmax(-1) == Yva).float().mean().item(), 3))
