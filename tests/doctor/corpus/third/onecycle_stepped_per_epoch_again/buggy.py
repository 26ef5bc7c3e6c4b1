#!/usr/bin/env python
"""Small 1-D CNN on synthetic ECG-like beats with a one-cycle policy."""
import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def beats(n, gen):
    t = torch.linspace(-1, 1, 64)
    y = torch.randint(0, 3, (n,), generator=gen)
    width = torch.tensor([0.08, 0.16, 0.24])[y].unsqueeze(1)
    shift = 0.3 * (torch.rand(n, 1, generator=gen) - 0.5)
    wave = torch.exp(-((t - shift) / width) ** 2)
    wave = wave + 0.35 * torch.randn(n, 64, generator=gen)
    return wave.unsqueeze(1), y


class BeatNet(nn.Module):
    def __init__(self, c=12, n_classes=3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, c, 5, padding=2, bias=False), nn.BatchNorm1d(c), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(c, 2 * c, 5, padding=2, bias=False), nn.BatchNorm1d(2 * c), nn.ReLU(),
            nn.AdaptiveAvgPool1d(4),
        )
        self.out = nn.Linear(8 * c, n_classes)

    def forward(self, x):
        return self.out(self.features(x).flatten(1))


def run_epoch(model, loader, crit, opt=None, sched=None):
    training = opt is not None
    model.train(training)
    loss_sum = correct = seen = 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            out = model(x)
            loss = crit(out, y)
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * y.size(0)
            correct += (out.argmax(1) == y).sum().item()
            seen += y.size(0)
    if sched is not None:
        sched.step()
    return loss_sum / seen, correct / seen


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch-size", type=int, default=32)
    ap.add_argument("--max-lr", type=float, default=0.05)
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed + 100)
    train = DataLoader(TensorDataset(*beats(512, gen)), args.batch_size, shuffle=True)
    valid = DataLoader(TensorDataset(*beats(256, gen)), 64)

    model = BeatNet()
    crit = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(model.parameters(), lr=args.max_lr, momentum=0.9, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.max_lr, epochs=args.epochs, steps_per_epoch=len(train))

    for epoch in range(args.epochs):
        tr = run_epoch(model, train, crit, opt, sched)
        va = run_epoch(model, valid, crit)
        lr = opt.param_groups[0]["lr"]
        print(f"[{epoch}] train {tr[0]:.3f}/{tr[1]:.3f} valid {va[0]:.3f}/{va[1]:.3f} lr {lr:.1e}")


if __name__ == "__main__":
    main()
