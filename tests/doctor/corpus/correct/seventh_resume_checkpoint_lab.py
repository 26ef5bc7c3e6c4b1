"""Lab template: training that can be interrupted and resumed; run twice to continue."""
import argparse
import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def build():
    model = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, total_iters=3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=17, eta_min=1e-5)
    scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[3])
    return model, optimizer, scheduler


def joint_data(n, seed):
    """Forward kinematics of a noisy three-link planar arm."""
    g = torch.Generator().manual_seed(seed)
    q = (torch.rand(n, 3, generator=g) - 0.5) * 3
    a = q.cumsum(1)
    pos = torch.stack([a.cos().sum(1), a.sin().sum(1)], 1)
    return TensorDataset(torch.cat([q.sin(), q.cos()], 1), pos + 0.01 * torch.randn(n, 2, generator=g))


def save(path, epoch, best, model, optimizer, scheduler, gen):
    tmp = path + ".part"
    torch.save({"epoch": epoch, "best": best, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(), "loader_rng": gen.get_state(), "rng": torch.get_rng_state()}, tmp)
    os.replace(tmp, path)


def fit(path, until, data, total_epochs=20):
    train, val = data
    torch.manual_seed(42)
    model, optimizer, scheduler = build()
    gen = torch.Generator().manual_seed(42)
    loader = DataLoader(train, batch_size=64, shuffle=True, generator=gen)
    start, best = 0, float("inf")
    if os.path.exists(path):
        ck = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(ck["model"])
        optimizer.load_state_dict(ck["optimizer"])
        scheduler.load_state_dict(ck["scheduler"])
        gen.set_state(ck["loader_rng"])
        torch.set_rng_state(ck["rng"])
        start, best = ck["epoch"] + 1, ck["best"]
        print(f"resumed at epoch {start}")
    loss_fn = nn.MSELoss()
    for epoch in range(start, min(until, total_epochs)):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss_fn(model(x), y).backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        x, y = val.tensors
        with torch.no_grad():
            v = loss_fn(model(x), y).item()
        if v < best:
            best = v
            torch.save(model.state_dict(), path + ".best")
        save(path, epoch, best, model, optimizer, scheduler, gen)
    print(f"trained up to epoch {until}: best val MSE {best:.5f}, next lr {scheduler.get_last_lr()[0]:.2e}")
    return model


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--out", default=None)
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.out or scratch
        os.makedirs(folder, exist_ok=True)
        data = joint_data(1500, 0), joint_data(300, 1)
        whole = fit(os.path.join(folder, "whole.pt"), 20, data)
        fit(os.path.join(folder, "split.pt"), 8, data)
        split = fit(os.path.join(folder, "split.pt"), 20, data)
        gap = max((a - b).abs().max().item() for a, b in zip(whole.parameters(), split.parameters()))
        print(f"largest weight difference, interrupted against uninterrupted: {gap:.1e}")
        split.load_state_dict(torch.load(os.path.join(folder, "split.pt.best"), weights_only=True))
        x, y = joint_data(1000, 2).tensors
        with torch.no_grad():
            print(f"test MSE {nn.functional.mse_loss(split.eval()(x), y).item():.5f}")
