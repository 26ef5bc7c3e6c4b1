from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Args:
    lr: float = 1e-2
    patience: int = 1
    factor: float = 0.2
    epochs: int = 16
    batch_size: int = 50


def setup_optimizer(model, args):
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=args.patience, factor=args.factor)
    return optimizer, scheduler


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        optimizer.step()


@torch.no_grad()
def eval_epoch(model, loader):
    model.eval()
    correct = sum((model(i).argmax(1) == t).sum().item() for i, t in loader)
    return 100.0 * correct / len(loader.dataset)


def main():
    args = Args()
    torch.manual_seed(50)
    x = torch.randn(1400, 8)
    y = (x[:, 0] * x[:, 1] > 0).long() + 2 * (x[:, 2] * x[:, 3] > 0).long()
    train_loader = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=args.batch_size, shuffle=True)
    val_loader = DataLoader(TensorDataset(x[1000:], y[1000:]), batch_size=200)
    model = nn.Sequential(nn.Linear(8, 64), nn.GELU(), nn.Linear(64, 4))
    optimizer, scheduler = setup_optimizer(model, args)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        train_epoch(model, train_loader, criterion, optimizer)
        val_acc = eval_epoch(model, val_loader)
        scheduler.step(val_acc)
        print("Epoch %d | val acc %.2f | lr %.1e" % (epoch, val_acc, optimizer.param_groups[0]["lr"]))


main()
