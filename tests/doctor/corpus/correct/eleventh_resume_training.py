"""Train, stop, come back later: checkpoint and resume of a regression run."""
import os
import tempfile

import torch
from torch import nn


def make_data():
    g = torch.Generator().manual_seed(17)
    x = torch.rand(512, 2, generator=g) * 4 - 2
    y = torch.sin(x[:, :1]) * x[:, 1:] + 0.05 * torch.randn(512, 1, generator=g)
    return x[:400], y[:400], x[400:], y[400:]


def build():
    model = nn.Sequential(nn.Linear(2, 48), nn.SiLU(), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=8, gamma=0.5)
    return model, optimizer, scheduler


def save(path, epoch, model, optimizer, scheduler):
    torch.save(
        {
            "epoch": epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "rng": torch.get_rng_state(),
        },
        path,
    )


def train(path, until):
    model, optimizer, scheduler = build()
    start = 0
    if os.path.exists(path):
        ckpt = torch.load(path, weights_only=True)
        model.load_state_dict(ckpt["model"])
        optimizer.load_state_dict(ckpt["optimizer"])
        scheduler.load_state_dict(ckpt["scheduler"])
        torch.set_rng_state(ckpt["rng"])
        start = ckpt["epoch"] + 1
        print("resuming at epoch", start)
    x, y, xv, yv = make_data()
    mse = nn.MSELoss()
    for epoch in range(start, until):
        model.train()
        for b in torch.randperm(len(x)).split(40):
            optimizer.zero_grad()
            mse(model(x[b]), y[b]).backward()
            optimizer.step()
        scheduler.step()
        save(path, epoch, model, optimizer, scheduler)
    model.eval()
    with torch.no_grad():
        return mse(model(xv), yv).item()


with tempfile.TemporaryDirectory() as folder:
    torch.manual_seed(1)
    broken = os.path.join(folder, "two_parts.pt")
    print("after 10 epochs:", train(broken, 10))
    in_two = train(broken, 20)
    torch.manual_seed(1)
    in_one = train(os.path.join(folder, "one_go.pt"), 20)
print("20 epochs in two parts", in_two, "and in one go", in_one)
assert in_one == in_two
