import torch as T, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset as TD

T.manual_seed(9)
N, D, K, B = 1600, 16, 5, 50
C = T.randn(K, D) * .9
t = T.randint(K, (N,))
X = C[t] + T.randn(N, D)
tr = DataLoader(TD(X[:1200], t[:1200]), B, True)
te = DataLoader(TD(X[1200:], t[1200:]), B)


class M(nn.Module):
    def __init__(s, h=48):
        super().__init__()
        s.i, s.n, s.o = nn.Linear(D, h), nn.LayerNorm(h), nn.Linear(h, K)

    def forward(s, x):
        return s.o(s.n(F.gelu(s.i(x))))


def fit(m, o):
    m.train()
    L = 0.
    for x, y in tr:
        l = F.cross_entropy(m(x), y)
        o.zero_grad(); l.backward(); o.step()
        L += l.item() * len(y)
    return L / len(tr.dataset)


def test(m):
    m.eval()
    c = n = 0
    with T.no_grad():
        for x, y in te:
            c += (m(x).argmax(-1) == y).sum().item()
            n += len(y)
    return c / n


m = M()
o = T.optim.AdamW(m.parameters(), 2e-3)
for e in range(6):
    print(e, round(fit(m, o), 4), test(m))
