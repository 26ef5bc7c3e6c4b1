import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def parse_args():
    parser = argparse.ArgumentParser(description="Fine-tuning with a warm-up of the head")
    parser.add_argument("--warmup-epochs", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--body-lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=8)
    return parser.parse_args()


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.head = nn.Linear(48, classes)

    def forward(self, x):
        return self.head(self.body(x))


def run_epoch(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()


def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / len(loader.dataset)


def rings(n, inner):
    x = torch.randn(n, 16)
    r = x[:, :4].norm(dim=1)
    return TensorDataset(x, (r > inner).long() + (r > inner + 0.8).long())


def pretrain(model, criterion):
    x = torch.randn(1000, 16)
    loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=50, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(4):
        run_epoch(model, loader, criterion, optimizer)


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    criterion = nn.CrossEntropyLoss()
    model = Net(3)
    pretrain(model, criterion)

    train_loader = DataLoader(rings(1500, 1.4), batch_size=50, shuffle=True)
    val_loader = DataLoader(rings(400, 1.4), batch_size=100)
    model.head = nn.Linear(48, 3)
    model.body.requires_grad_(False)
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=args.lr)
    for epoch in range(args.epochs):
        if epoch == args.warmup_epochs:
            model.body.requires_grad_(True)
            for group in optimizer.param_groups:
                group["lr"] = args.body_lr
            optimizer.add_param_group({"params": model.body.parameters(), "lr": args.body_lr})
        run_epoch(model, train_loader, criterion, optimizer)
        print(f"epoch {epoch}: val accuracy {evaluate(model, val_loader):.3f}")


if __name__ == "__main__":
    main()
