import argparse

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset, random_split


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--bs", type=int, default=32)
    p.add_argument("--max-lr", type=float, default=0.02)
    p.add_argument("--seed", type=int, default=4)
    return p.parse_args([])


def blobs(n=800, side=8):
    """Images with one bright patch; the class is the quadrant it lies in."""
    img = 0.8 * torch.randn(n, 1, side, side)
    cls = torch.randint(0, 4, (n,))
    for k in range(n):
        r = 4 * (cls[k].item() // 2) + torch.randint(0, 3, ()).item()
        c = 4 * (cls[k].item() % 2) + torch.randint(0, 3, ()).item()
        img[k, 0, r:r + 2, c:c + 2] += 1.5
    return TensorDataset(img, cls)


def build(args, n_batches):
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8 * 16, 4),
    )
    opt = torch.optim.SGD(model.parameters(), lr=args.max_lr / 25, momentum=0.9, nesterov=True)
    sched = OneCycleLR(opt, max_lr=args.max_lr, total_steps=args.epochs * n_batches, div_factor=25)
    return model, opt, sched


def evaluate(model, loader):
    model.eval()
    good = 0
    with torch.no_grad():
        for xb, yb in loader:
            good += (model(xb).argmax(1) == yb).sum().item()
    return good / len(loader.dataset)


def main(args):
    torch.manual_seed(args.seed)
    tr, va = random_split(blobs(), [640, 160])
    tr_dl = DataLoader(tr, batch_size=args.bs, shuffle=True)
    va_dl = DataLoader(va, batch_size=args.bs)
    model, opt, sched = build(args, len(tr_dl))
    ce = nn.CrossEntropyLoss()
    for ep in range(args.epochs):
        model.train()
        for xb, yb in tr_dl:
            opt.zero_grad()
            ce(model(xb), yb).backward()
            opt.step()
        sched.step()
        print(f"epoch {ep} acc {evaluate(model, va_dl):.3f}")


if __name__ == "__main__":
    main(parse())
