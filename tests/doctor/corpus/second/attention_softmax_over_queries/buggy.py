import torch as t
import torch.nn as nn
import torch.nn.functional as F

t.manual_seed(4)
V, L, D = 16, 9, 32


def recall_task(n):
    # eight symbols followed by a slot number; answer = symbol in that slot
    v = t.randint(8, V, (n, 8))
    j = t.randint(0, 8, (n, 1))
    return t.cat([v, j], 1), v.gather(1, j).squeeze(1)


class Att(nn.Module):
    def __init__(s):
        super().__init__()
        s.q, s.k, s.v, s.o = (nn.Linear(D, D) for _ in range(4))
        s.n = nn.LayerNorm(D)
        s.f = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 2 * D), nn.ReLU(), nn.Linear(2 * D, D))

    def forward(s, x):
        h = s.n(x)
        w = s.q(h) @ s.k(h).mT * D ** -0.5
        w = w.softmax(1)
        x = x + s.o(w @ s.v(h))
        return x + s.f(x)


class Net(nn.Module):
    def __init__(s):
        super().__init__()
        s.e = nn.Embedding(V, D)
        s.p = nn.Parameter(t.randn(L, D) * 0.5)
        s.b = nn.Sequential(Att(), Att())
        s.h = nn.Linear(D, V)

    def forward(s, x):
        return s.h(s.b(s.e(x) + s.p)[:, -1])


x, y = recall_task(2000)
xt, yt = recall_task(400)
m = Net()
o = t.optim.Adam(m.parameters(), lr=3e-3)
for ep in range(3):
    m.train()
    for i in t.randperm(len(x)).split(50):
        l = F.cross_entropy(m(x[i]), y[i])
        o.zero_grad()
        l.backward()
        o.step()
m.eval()
with t.no_grad():
    print("acc", (m(xt).argmax(-1) == yt).float().mean().item())
