# Conformalised quantile regression (Romano et al., 2019): train / validation / calibration / test
import numpy as np
import torch
from torch import nn

ALPHA = 0.1
QS = torch.tensor([ALPHA / 2, 0.5, 1 - ALPHA / 2])
rng = np.random.default_rng(0)
torch.manual_seed(0)


def simulate(n):
    x = rng.uniform(-3, 3, (n, 1))
    y = np.sin(2 * x[:, 0]) + 0.5 * x[:, 0] + rng.normal(0, 0.1 + 0.3 * np.abs(x[:, 0]))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


x_tr, y_tr = simulate(1500)
x_va, y_va = simulate(400)
x_cal, y_cal = simulate(600)
x_te, y_te = simulate(3000)


def pinball(pred, target):
    e = target.unsqueeze(1) - pred
    return torch.maximum(QS * e, (QS - 1) * e).mean()


class QuantileNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 3))

    def forward(self, x):
        lo, d1, d2 = self.body(x).unbind(1)
        mid = lo + nn.functional.softplus(d1)      # increments: the quantiles cannot cross
        return torch.stack([lo, mid, mid + nn.functional.softplus(d2)], 1)


model = QuantileNet()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
best, best_sd, since = float("inf"), None, 0
for epoch in range(60):
    model.train()
    for b in torch.randperm(len(x_tr)).split(100):
        opt.zero_grad()
        pinball(model(x_tr[b]), y_tr[b]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        v = pinball(model(x_va), y_va).item()
    if v < best - 1e-5:
        best, since = v, 0
        best_sd = {k: t.clone() for k, t in model.state_dict().items()}
    elif (since := since + 1) >= 12:
        break
model.load_state_dict(best_sd)
model.eval()
print(f"stopped after {epoch + 1} epochs, validation pinball {best:.4f}")

with torch.no_grad():
    q_cal, q_te = model(x_cal), model(x_te)
score = torch.maximum(q_cal[:, 0] - y_cal, y_cal - q_cal[:, 2])
k = int(np.ceil((len(score) + 1) * (1 - ALPHA)))
margin = score.sort().values[k - 1]


def coverage(lo, hi):
    inside = (y_te >= lo) & (y_te <= hi)
    return inside.float().mean().item(), (hi - lo).mean().item()


print("raw interval:        coverage %.3f  width %.3f" % coverage(q_te[:, 0], q_te[:, 2]))
print("conformal interval:  coverage %.3f  width %.3f" % coverage(q_te[:, 0] - margin, q_te[:, 2] + margin))
print(f"margin {margin.item():+.4f}, median MAE {(q_te[:, 1] - y_te).abs().mean():.3f}")
