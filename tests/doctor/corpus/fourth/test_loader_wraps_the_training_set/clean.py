import argparse

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


def parse():
    ap = argparse.ArgumentParser(description="small residual MLP on noisy XOR blobs")
    ap.add_argument("--n-train", type=int, default=400)
    ap.add_argument("--n-test", type=int, default=500)
    ap.add_argument("--dim", type=int, default=10)
    ap.add_argument("--width", type=int, default=64)
    ap.add_argument("--epochs", type=int, default=20)
    ap.add_argument("--batch-size", type=int, default=25)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=13)
    return ap.parse_args()


def xor_blobs(n, dim):
    x = torch.randn(n, dim)
    y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()
    flip = torch.rand(n) < 0.1
    return x, torch.where(flip, 1 - y, y)


class ResBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, x):
        return x + self.fc(x)


def build(args):
    return nn.Sequential(
        nn.Linear(args.dim, args.width), ResBlock(args.width), ResBlock(args.width), nn.Linear(args.width, 2)
    )


def train(model, loader, criterion, optimizer):
    model.train()
    loss_sum, correct, total = 0.0, 0, 0
    for inputs, targets in loader:
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * targets.size(0)
        correct += outputs.argmax(1).eq(targets).sum().item()
        total += targets.size(0)
    return loss_sum / total, correct / total


def test(model, loader, criterion):
    model.eval()
    loss_sum, correct, total = 0.0, 0, 0
    with torch.no_grad():
        for inputs, targets in loader:
            outputs = model(inputs)
            loss_sum += criterion(outputs, targets).item() * targets.size(0)
            correct += outputs.argmax(1).eq(targets).sum().item()
            total += targets.size(0)
    return loss_sum / total, correct / total


def main():
    args = parse()
    torch.manual_seed(args.seed)

    trainset = TensorDataset(*xor_blobs(args.n_train, args.dim))
    trainloader = DataLoader(trainset, batch_size=args.batch_size, shuffle=True)
    testset = TensorDataset(*xor_blobs(args.n_test, args.dim))
    testloader = DataLoader(testset, batch_size=args.batch_size, shuffle=False)

    model = build(args)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)

    for epoch in range(1, args.epochs + 1):
        tr_loss, tr_acc = train(model, trainloader, criterion, optimizer)
        scheduler.step()
        if epoch % 5 == 0:
            te_loss, te_acc = test(model, testloader, criterion)
            print(f"{epoch:3d} | train {tr_loss:.3f} {tr_acc:.3f} | test {te_loss:.3f} {te_acc:.3f}")


if __name__ == "__main__":
    main()
