"""Train for a few epochs, save everything, then resume as a new process would."""
import argparse
import os
import tempfile

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


def make_data():
    g = torch.Generator().manual_seed(100)
    X = torch.randn(640, 10, generator=g)
    w = torch.randn(10, generator=g)
    y = ((X @ w + 0.3 * torch.randn(640, generator=g)) > 0).float()
    return TensorDataset(X[:512], y[:512]), TensorDataset(X[512:], y[512:])


def build(args):
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
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


def run(args, path, stop_after):
    train_set, test_set = make_data()
    torch.manual_seed(args.seed)
    model, optimizer, scheduler = build(args)
    start = 0
    if os.path.exists(path):
        ckpt = torch.load(path, weights_only=True)
        model.load_state_dict(ckpt["model"])
        optimizer.load_state_dict(ckpt["optimizer"])
        scheduler.load_state_dict(ckpt["scheduler"])
        torch.set_rng_state(ckpt["rng"])
        start = ckpt["epoch"] + 1
        print(f"resumed at epoch {start}")

    loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(start, stop_after):
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x).squeeze(1), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        lr = optimizer.param_groups[0]["lr"]
        scheduler.step()
        save(path, epoch, model, optimizer, scheduler)
        print(f"epoch {epoch} lr {lr:.4f} loss {total / len(train_set):.4f}")

    model.eval()
    x, y = test_set.tensors
    with torch.no_grad():
        acc = ((model(x).squeeze(1) > 0) == y.bool()).float().mean().item()
    print(f"test accuracy {acc:.3f}")
    return model


def main():
    args = get_args()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "last.pt")
        run(args, path, stop_after=3)
        resumed = run(args, path, stop_after=args.epochs)
        straight = run(args, os.path.join(folder, "straight.pt"), stop_after=args.epochs)
    same = all(torch.equal(a, b) for a, b in zip(resumed.parameters(), straight.parameters()))
    print("resumed run equals uninterrupted run:", same)


if __name__ == "__main__":
    main()
