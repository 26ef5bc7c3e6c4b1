import torch as t
import torch.nn.functional as F
from torch import nn

# 센서 시계열: 관측값의 약 70 %만 존재한다


def sensors(n, steps=24):
    phase = t.rand(n, 1) * 6.28
    clock = t.linspace(0, 6.28, steps)
    full = t.sin(clock + phase) + 0.5 * t.cos(2 * clock + phase)
    seen = t.rand(n, steps) < 0.7
    asked = t.rand(n, steps) < t.rand(n, 1) * 0.8
    return full, seen.float(), (asked & ~seen).float()


class Imputer(nn.Module):
    def __init__(self, steps=24):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(2 * steps, 96), nn.ReLU(), nn.Linear(96, steps))

    def forward(self, x, m):
        return self.f(t.cat([x * m, m], 1))


def masked_mae(pred, truth, m):
    err = F.l1_loss(pred, truth, reduction="none") * m
    return err.sum() / m.sum()


t.manual_seed(3)
x, seen, asked = sensors(1200)
vx, vseen, vasked = sensors(300)
f = Imputer()
o = t.optim.Adam(f.parameters(), lr=2e-3)
for e in range(10):
    f.train()
    for i in t.randperm(len(x)).split(60):
        o.zero_grad()
        masked_mae(f(x[i], seen[i]), x[i], asked[i]).backward()
        o.step()
    f.eval()
    with t.no_grad():
        print(e, "MAE on held-out readings", round(masked_mae(f(vx, vseen), vx, vasked).item(), 4))
