"""Save and resume everything that changes: weights, optimizer, schedule, generators, epoch."""
import os
import random
import tempfile

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def build():
    model = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    return model, optimizer, scheduler


def save(path, epoch, model, optimizer, scheduler):
    blob = {
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "torch_rng": torch.get_rng_state(),
    }
    tmp = path + ".tmp"
    torch.save(blob, tmp)
    os.replace(tmp, path)


def load(path, model, optimizer, scheduler):
    blob = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(blob["model"])
    optimizer.load_state_dict(blob["optimizer"])
    scheduler.load_state_dict(blob["scheduler"])
    torch.set_rng_state(blob["torch_rng"])
    return blob["epoch"] + 1


def run(x, y, path, start, stop, parts):
    model, optimizer, scheduler = parts
    for epoch in range(start, stop):
        model.train()
        for idx in torch.randperm(len(x)).split(25):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[idx]).squeeze(1), y[idx])
            loss.backward()
            optimizer.step()
        scheduler.step()
        save(path, epoch, *parts)
        print(epoch, loss.item())
    return model


def main():
    gen = torch.Generator().manual_seed(0)
    x = torch.randn(200, 5, generator=gen)
    y = x.sum(1)
    with tempfile.TemporaryDirectory() as folder:
        seed_all(1)
        whole = run(x, y, os.path.join(folder, "a.pt"), 0, 4, build())

        seed_all(1)
        path = os.path.join(folder, "b.pt")
        run(x, y, path, 0, 2, build())
        parts = build()
        resumed = run(x, y, path, load(path, *parts), 4, parts)
    same = all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), resumed.state_dict().values()))
    print("bit-equal:", same)


if __name__ == "__main__":
    main()
