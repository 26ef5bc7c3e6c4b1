import argparse
import tempfile
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def load_dataset():
    g = torch.Generator().manual_seed(1234)
    x = torch.randn(360, 40, generator=g)
    score = x[:, :4].sum(1) + 1.0 * torch.randn(360, generator=g)
    return TensorDataset(x, (score > 0).long())


def load_splits(args):
    dataset = load_dataset()
    n_test = int(len(dataset) * args.test_fraction)
    g = torch.Generator().manual_seed(args.split_seed)
    return random_split(dataset, [len(dataset) - n_test, n_test], generator=g)


def build_model(args):
    return nn.Sequential(nn.Linear(40, args.hidden), nn.ReLU(), nn.Linear(args.hidden, 2))


def train(args):
    train_set, _ = load_splits(args)
    loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    model = build_model(args)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(args.epochs):
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
    torch.save(model.state_dict(), args.out / "model.pt")


def evaluate(args):
    _, test_set = load_splits(args)
    model = build_model(args)
    model.load_state_dict(torch.load(args.out / "model.pt"))
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in DataLoader(test_set, batch_size=64):
            hits += (model(x).argmax(1) == y).sum().item()
    return hits / len(test_set)


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=25)
    p.add_argument("--batch-size", type=int, default=30)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--test-fraction", type=float, default=0.25)
    p.add_argument("--split-seed", type=int, default=7)
    p.add_argument("--out", type=Path, default=Path(tempfile.mkdtemp()))
    return p.parse_args()


if __name__ == "__main__":
    args = parse()
    torch.manual_seed(0)
    train(args)
    print(f"test accuracy {evaluate(args):.3f}")
