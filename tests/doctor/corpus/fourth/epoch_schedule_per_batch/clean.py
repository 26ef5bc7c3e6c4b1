import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.optim.lr_scheduler import MultiStepLR
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser(description="digits with an MLP")
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--lr", type=float, default=0.1)
    p.add_argument("--milestones", type=int, nargs="+", default=[8, 12], help="epochs after which the rate falls")
    p.add_argument("--gamma", type=float, default=0.1)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def get_loaders(batch_size):
    X, t = load_digits(return_X_y=True)
    Xtr, Xte, ttr, tte = train_test_split(X / 16.0, t, test_size=0.25, random_state=0, stratify=t)
    as_set = lambda a, b: TensorDataset(torch.tensor(a, dtype=torch.float32), torch.tensor(b, dtype=torch.long))
    return (DataLoader(as_set(Xtr, ttr), batch_size=batch_size, shuffle=True),
            DataLoader(as_set(Xte, tte), batch_size=256))


def train_one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    running, count = 0.0, 0
    for x, t in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), t)
        loss.backward()
        optimizer.step()
        running += loss.item() * x.shape[0]
        count += x.shape[0]
    return running / count


def evaluate(model, loader):
    model.eval()
    hit = n = 0
    with torch.inference_mode():
        for x, t in loader:
            hit += int((model(x).argmax(-1) == t).sum())
            n += t.numel()
    return 100.0 * hit / n


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    train_loader, test_loader = get_loaders(args.batch_size)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=True)
    scheduler = MultiStepLR(optimizer, milestones=args.milestones, gamma=args.gamma)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        loss = train_one_epoch(model, train_loader, loss_fn, optimizer)
        scheduler.step()
        print(f"[{epoch + 1:02d}/{args.epochs}] loss {loss:.4f}")
    print(f"test accuracy {evaluate(model, test_loader):.2f} %")


if __name__ == "__main__":
    main()
