import argparse
import os
import tempfile

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def get_loader(batch_size):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(800, 12, generator=g)
    w = torch.randn(12, 4, generator=g) / 12 ** 0.5
    y = (x @ w).tanh() @ torch.randn(4, 1, generator=g)
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)


def build(lr):
    model = nn.Sequential(nn.Linear(12, 32), nn.ELU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.999))
    return model, optimizer


def save(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def resume(path, model, optimizer):
    if not os.path.exists(path):
        return 0
    checkpoint = torch.load(path)
    model.load_state_dict(checkpoint["model"])
    return checkpoint["epoch"] + 1


def session(args, until):
    """One job on the cluster: goes on from the last checkpoint, up to (not including) epoch `until`."""
    loader = get_loader(args.batch_size)
    model, optimizer = build(args.lr)
    start = resume(args.ckpt, model, optimizer)
    for epoch in range(start, until):
        model.train()
        total = 0.0
        for xb, yb in loader:
            loss = nn.functional.mse_loss(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(xb)
        print(epoch, f"{total / len(loader.dataset):.5f}")
        save(args.ckpt, model, optimizer, epoch)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--ckpt", default=os.path.join(tempfile.mkdtemp(), "last.pt"))
    args = parser.parse_args()
    torch.manual_seed(1)
    for until in (6, 12):
        session(args, until)
