import math
import torch as th
from torch import nn
from torch.utils.data import DataLoader as DL, Dataset, Subset


class Roll(Dataset):
    # w past values -> the value one step ahead
    def __init__(s, z, w):
        s.z, s.w = z, w

    def __len__(s):
        return len(s.z) - s.w

    def __getitem__(s, i):
        j = i + s.w
        return s.z[i:j].unsqueeze(-1), s.z[j - 1]


class G(nn.Module):
    def __init__(s, h=20):
        super().__init__()
        s.r = nn.GRU(1, h, batch_first=True)
        s.o = nn.Linear(h, 1)

    def forward(s, x):
        _, h = s.r(x)
        return s.o(h[-1]).squeeze(-1)


th.manual_seed(14)
N, W = 1200, 24
k = th.arange(N)
z = th.sin(k * 2 * math.pi / 31) + 0.5 * th.sin(k * 2 * math.pi / 7) + 0.6 * th.randn(N)
c = int(0.8 * N)
z = (z - z[:c].mean()) / z[:c].std()

d = Roll(z, W)
tr, te = Subset(d, range(0, c - W)), Subset(d, range(c, len(d)))
a, b = DL(tr, 48, shuffle=True), DL(te, 200)

m = G()
o = th.optim.Adam(m.parameters(), 4e-3)
L = nn.MSELoss()
for e in range(6):
    m.train()
    for x, y in a:
        o.zero_grad()
        l = L(m(x), y)
        l.backward()
        nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        o.step()
    m.eval()
    q = 0.0
    with th.no_grad():
        for x, y in b:
            q += L(m(x), y).item() * len(y)
    print(e, "test rmse", round(math.sqrt(q / len(te)), 4))
