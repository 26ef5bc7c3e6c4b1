import math
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR


def toy(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = 4 * torch.rand(n, 2, generator=g) - 2
    y = torch.sin(2 * x[:, :1]) * torch.cos(x[:, 1:]) + 0.02 * torch.randn(n, 1, generator=g)
    return x, y


def make_schedule(optimizer, epochs, steps_per_epoch, warmup_epochs=1):
    warm = warmup_epochs * steps_per_epoch
    total = epochs * steps_per_epoch
    return SequentialLR(
        optimizer,
        [
            LinearLR(optimizer, start_factor=0.05, total_iters=warm),
            CosineAnnealingLR(optimizer, T_max=total - warm),
        ],
        milestones=[warm],
    )


def fit(model, x, y, epochs, batch):
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 1e-3},
            {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=1e-2,
    )
    schedule = make_schedule(optimizer, epochs, math.ceil(len(x) / batch))
    rates = []
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss = (model(x[idx]) - y[idx]).pow(2).mean()
            loss.backward()
            optimizer.step()
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
    return rates


torch.manual_seed(8)
model = nn.Sequential(nn.Linear(2, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))
x, y = toy(600, 1)
xt, yt = toy(300, 2)
rates = fit(model, x, y, epochs=12, batch=40)
model.eval()
with torch.no_grad():
    err = (model(xt) - yt).pow(2).mean().item()
print(f"test mse {err:.5f}; rate max {max(rates):.4f} last {rates[-1]:.2e}")
