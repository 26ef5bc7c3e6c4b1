import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--lr", type=float, default=0.2)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


def make_data(n=800):
    x = torch.randn(n, 12)
    w = torch.randn(12)
    y = (x @ w + 0.5 * torch.randn(n) > 0).long()
    return TensorDataset(x, y)


def train_epoch(net, loader, optimizer, criterion):
    net.train()
    total, seen = 0.0, 0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
        seen += len(xb)
    return total / seen


@torch.no_grad()
def accuracy(net, loader):
    net.eval()
    hit = sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in loader)
    return hit / len(loader.dataset)


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    train_set, val_set = random_split(make_data(), [640, 160])
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=args.batch_size)
    net = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        loss = train_epoch(net, train_loader, optimizer, criterion)
        print(f"epoch {epoch}: loss {loss:.4f} val acc {accuracy(net, val_loader):.3f}")


if __name__ == "__main__":
    main()
