import math

import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_

torch.manual_seed(9)
SEQ, HORIZON = 24, 1


def series(length):
    t = torch.arange(length, dtype=torch.float32)
    s = 8 * torch.sin(2 * math.pi * t / 17) + 5 * torch.sin(2 * math.pi * t / 41)
    return s + 0.3 * torch.randn(length)


def windows(s):
    w = s.unfold(0, SEQ + HORIZON, 1)
    return w[:, :SEQ].unsqueeze(-1), w[:, SEQ:]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.proj = nn.Linear(hidden, HORIZON)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.proj(out[:, -1])


def limit_gradients(model, max_norm=1.0):
    clip_grad_norm_(model.parameters(), max_norm)


def train_step(model, opt, loss_fn, x, y):
    model.train()
    opt.zero_grad()
    loss = loss_fn(model(x), y)
    limit_gradients(model)
    loss.backward()
    opt.step()
    return loss.item() * len(x)


def validate(model, loss_fn, x, y):
    model.eval()
    with torch.no_grad():
        return loss_fn(model(x), y).item()


s = series(700)
xtr, ytr = windows(s[:520])
xva, yva = windows(s[520:])
model = Forecaster()
loss_fn = nn.MSELoss()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    total = 0.0
    for idx in torch.randperm(len(xtr)).split(32):
        total += train_step(model, opt, loss_fn, xtr[idx], ytr[idx])
    print(f"{epoch}: train {total / len(xtr):.3f}  valid {validate(model, loss_fn, xva, yva):.3f}")
