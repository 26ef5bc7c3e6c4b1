import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def parse():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch-size", type=int, default=25)
    ap.add_argument("--lr", type=float, default=0.05)
    ap.add_argument("--seed", type=int, default=5)
    return ap.parse_args()


def species(per_class=150, holdout=50):
    """Stratified: the last `holdout` rows of each class are put aside."""
    centres = torch.randn(6, 6)
    parts = {"train": ([], []), "val": ([], [])}
    for c, centre in enumerate(centres):
        rows = centre + torch.randn(per_class, 6)
        cut = per_class - holdout
        for name, part in (("train", rows[:cut]), ("val", rows[cut:])):
            parts[name][0].append(part)
            parts[name][1].append(torch.full((len(part),), c))
    return {name: TensorDataset(torch.cat(xs), torch.cat(ys)) for name, (xs, ys) in parts.items()}


def make_loaders(data, batch_size):
    common = {"batch_size": batch_size, "num_workers": 0}
    return {name: DataLoader(ds, shuffle=name != "train", **common) for name, ds in data.items()}


def run_epoch(net, loader, criterion, optimizer=None):
    training = optimizer is not None
    net.train(training)
    loss_sum = hits = 0.0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            out = net(x)
            loss = criterion(out, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return loss_sum / n, hits / n


if __name__ == "__main__":
    args = parse()
    torch.manual_seed(args.seed)
    loaders = make_loaders(species(), args.batch_size)
    net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 6))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    for epoch in range(args.epochs):
        run_epoch(net, loaders["train"], criterion, optimizer)
        loss, acc = run_epoch(net, loaders["val"], criterion)
        print(f"epoch {epoch} val loss {loss:.3f} acc {acc:.3f}")
