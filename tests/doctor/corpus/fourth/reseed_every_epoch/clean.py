import math
import torch
import torch.nn as nn

N, D, BATCH, EPOCHS, SEED = 480, 16, 40, 14, 1234


def set_seed(s):
    import random
    import numpy as np
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 8))
        self.dec = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, D))

    def forward(self, x):
        return self.dec(self.enc(x))


def curves(n):
    # random damped waves, D points each
    a = 0.5 + torch.rand(n, 1)
    f = 1 + 2 * torch.rand(n, 1)
    ph = 2 * math.pi * torch.rand(n, 1)
    t = torch.linspace(0, 1, D)
    return a * torch.exp(-t) * torch.sin(2 * math.pi * f * t + ph)


def corrupt(x, sigma=0.4):
    return x + sigma * torch.randn_like(x)


def run_epoch(model, opt, data, epoch):
    model.train()
    tot = 0.0
    for idx in torch.randperm(len(data)).split(BATCH):
        clean = data[idx]
        loss = ((model(corrupt(clean)) - clean) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(idx)
    return tot / len(data)


def validate(model, noisy, clean):
    model.eval()
    with torch.no_grad():
        return ((model(noisy) - clean) ** 2).mean().item()


set_seed(SEED)
train_x = curves(N)
val_x = curves(400)
val_noisy = corrupt(val_x)
model = Denoiser()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(EPOCHS):
    tr = run_epoch(model, opt, train_x, epoch)
    print(f"epoch {epoch:2d} train {tr:.4f} valid {validate(model, val_noisy, val_x):.4f}")
