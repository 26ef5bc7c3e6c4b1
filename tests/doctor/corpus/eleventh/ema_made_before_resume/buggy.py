import copy
import io
import torch
from torch import nn


class EMA:
    """지수 이동 평균 (weights only)"""

    def __init__(self, model, decay=0.999):
        self.decay = decay
        self.module = copy.deepcopy(model).eval()
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for e, p in zip(self.module.parameters(), model.parameters()):
            e.mul_(self.decay).add_(p, alpha=1 - self.decay)


def build():
    return nn.Sequential(nn.Linear(8, 40), nn.SiLU(), nn.Linear(40, 1))


def train(model, opt, x, y, epochs, ema=None):
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            opt.step()
            if ema is not None:
                ema.update(model)


torch.manual_seed(1)
x = torch.randn(600, 8)
y = x[:, :1] * 2 + x[:, 1:2].abs()
xtr, ytr, xte, yte = x[:500], y[:500], x[500:], y[500:]

# stage 1: plain training, weights and optimizer go to disk
m = build()
o = torch.optim.Adam(m.parameters(), lr=3e-3)
train(m, o, xtr, ytr, epochs=25)
disk = io.BytesIO()
torch.save({"model": m.state_dict(), "opt": o.state_dict()}, disk)

# stage 2: continue with averaging, smaller rate
disk.seek(0)
model = build()
ema = EMA(model)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
ckpt = torch.load(disk)
model.load_state_dict(ckpt["model"])
opt.load_state_dict(ckpt["opt"])
for g in opt.param_groups:
    g["lr"] = 1e-3
train(model, opt, xtr, ytr, epochs=10, ema=ema)

model.eval()
with torch.no_grad():
    print("test mse (last)", nn.functional.mse_loss(model(xte), yte).item())
    print("test mse (ema) ", nn.functional.mse_loss(ema.module(xte), yte).item())
