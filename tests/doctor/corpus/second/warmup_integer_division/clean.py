import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(0)
B, T, V = 32, 12, 11
WARM, STEPS = 60, 90


def batch(g):
    s = torch.randint(0, V, (B, 1), generator=g)
    k = torch.randint(1, 4, (B, 1), generator=g)
    return (s + k * torch.arange(T + 1)) % V


class Lm(nn.Module):
    def __init__(s, d=48):
        super().__init__()
        s.e = nn.Embedding(V, d)
        s.r = nn.GRU(d, d, batch_first=True)
        s.o = nn.Linear(d, V)

    def forward(s, x):
        return s.o(s.r(s.e(x))[0])


def f(i):
    return min(1.0, (i + 1) / WARM)


g = torch.Generator().manual_seed(1)
m = Lm()
o = torch.optim.Adam(m.parameters(), lr=4e-3)
sc = torch.optim.lr_scheduler.LambdaLR(o, f)
for i in range(STEPS):
    q = batch(g)
    l = F.cross_entropy(m(q[:, :-1]).flatten(0, 1), q[:, 1:].flatten())
    o.zero_grad()
    l.backward()
    nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    o.step()
    sc.step()
    if i % 30 == 29:
        print(i + 1, f"{l.item():.4f}")
