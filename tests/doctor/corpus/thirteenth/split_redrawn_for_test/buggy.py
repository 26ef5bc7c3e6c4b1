import os
import tempfile
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclass
class Args:
    seed: int = 19
    epochs: int = 30
    lr: float = 2e-3
    batch_size: int = 32


def load_table():
    g = torch.Generator().manual_seed(123)
    x = torch.randn(500, 20, generator=g)
    y = (x[:, :3].sum(1) + 1.5 * torch.randn(500, generator=g) > 0).long()
    return TensorDataset(x, y)


def build_loaders(args):
    table = load_table()
    train_set, test_set = random_split(table, [400, 100])
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=100)
    return train_loader, test_loader


def make_net():
    return nn.Sequential(nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 2))


def fit(args, path):
    loader, _ = build_loaders(args)
    net = make_net()
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for _ in range(args.epochs):
        net.train()
        for xb, yb in loader:
            opt.zero_grad()
            loss = F.cross_entropy(net(xb), yb)
            loss.backward()
            opt.step()
    torch.save(net.state_dict(), path)
    print("trained, last batch loss", round(loss.item(), 4))


def report(args, path):
    _, loader = build_loaders(args)
    net = make_net()
    net.load_state_dict(torch.load(path, weights_only=True))
    net.eval()
    hits = total = 0
    with torch.no_grad():
        for xb, yb in loader:
            hits += (net(xb).argmax(1) == yb).sum().item()
            total += len(yb)
    print("test accuracy", hits / total)


if __name__ == "__main__":
    args = Args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as d:
        ckpt = os.path.join(d, "net.pt")
        fit(args, ckpt)
        report(args, ckpt)
