#!/usr/bin/env python
"""Small BatchNorm CNN telling horizontal, vertical and diagonal stripes apart."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def stripes(n, size=12, noise=0.6):
    labels = torch.randint(0, 3, (n,))
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    patterns = torch.stack([yy % 4 < 2, xx % 4 < 2, (xx + yy) % 4 < 2]).float()
    shift = torch.randint(0, 4, (n,))
    images = torch.stack([patterns[c].roll((s.item(), s.item()), dims=(0, 1)) for c, s in zip(labels, shift)])
    return images.unsqueeze(1) + noise * torch.randn(n, 1, size, size), labels


def conv_bn(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_bn(1, 8), nn.MaxPool2d(2), conv_bn(8, 16), nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(16, 3)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def train_one_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * labels.size(0)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    correct = 0
    for images, labels in loader:
        correct += (model(images).argmax(dim=1) == labels).sum().item()
    return correct / len(loader.dataset)


def main():
    torch.manual_seed(0)
    dataset = TensorDataset(*stripes(700))
    train_set, val_set = random_split(dataset, [500, 200], generator=torch.Generator().manual_seed(1))
    train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=100)

    model = Net()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)

    for epoch in range(6):
        loss = train_one_epoch(model, train_loader, criterion, optimizer)
        scheduler.step()
        print(f"epoch {epoch + 1}: loss {loss:.4f}, val acc {evaluate(model, val_loader):.3f}")


if __name__ == "__main__":
    main()
