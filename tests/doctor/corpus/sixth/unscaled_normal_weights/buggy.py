import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Dense(nn.Module):
    def __init__(self, i, o, act=None):
        super().__init__()
        self.w = nn.Parameter(torch.randn(i, o))
        self.b = nn.Parameter(torch.zeros(o))
        self.act = act

    def forward(self, x):
        z = x @ self.w + self.b
        return z if self.act is None else self.act(z)


class Embedder(nn.Module):
    def __init__(self, sizes=(30, 128, 128, 128, 8)):
        super().__init__()
        pairs = list(zip(sizes[:-1], sizes[1:]))
        self.layers = nn.ModuleList([Dense(a, b, torch.tanh) for a, b in pairs[:-1]] + [Dense(*pairs[-1])])

    def forward(self, x):
        for l in self.layers:
            x = l(x)
        return F.normalize(x, dim=-1)


def faces(people, shots, basis, g):
    """30 measurements of every person, taken under changing light and pose."""
    ident = torch.randn(people, 6, generator=g)
    pose = torch.randn(people, shots, 6, generator=g)
    z = torch.cat([ident[:, None].expand(-1, shots, -1), pose], -1)
    return torch.tanh(z @ basis) + 0.05 * torch.randn(people, shots, 30, generator=g)


def triplets(data, n):
    P, S, _ = data.shape
    p = torch.randint(0, P, (n,))
    q = (p + torch.randint(1, P, (n,))) % P
    s = torch.randint(0, S, (n,))
    s2 = (s + torch.randint(1, S, (n,))) % S
    return data[p, s], data[p, s2], data[q, torch.randint(0, S, (n,))]


@torch.no_grad()
def recall_at_1(m, data):
    m.eval()
    P, S, D = data.shape
    e = m(data.reshape(-1, D))
    who = torch.arange(P).repeat_interleave(S)
    d = torch.cdist(e, e).fill_diagonal_(float("inf"))
    return (who[d.argmin(1)] == who).float().mean().item()


g = torch.Generator().manual_seed(0)
torch.manual_seed(0)
basis = torch.randn(12, 30, generator=g) / math.sqrt(6)
train, test = faces(80, 10, basis, g), faces(20, 10, basis, g)
m = Embedder()
opt = torch.optim.Adam(m.parameters(), lr=1e-3)
crit = nn.TripletMarginLoss(margin=0.3)
for step in range(1, 401):
    m.train()
    a, p, n = triplets(train, 64)
    loss = crit(m(a), m(p), m(n))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, f"loss {loss.item():.3f}  recall@1 of new people {recall_at_1(m, test):.3f}")
