"""Transfer learning: pretrain a CNN on digits 0-4, reuse its frozen features for digits 5-9."""
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


def split_task(images, labels, classes, train_size):
    """Train/val/test split for one group of classes; labels are shifted to start at 0."""
    mask = np.isin(labels, classes)
    x, y = images[mask], labels[mask] - min(classes)
    x_tr, x_rest, y_tr, y_rest = train_test_split(x, y, train_size=train_size, stratify=y, random_state=0)
    x_va, x_te, y_va, y_te = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0)

    def loader(a, b, shuffle=False):
        return DataLoader(TensorDataset(torch.from_numpy(a), torch.from_numpy(b)), batch_size=32, shuffle=shuffle)

    return loader(x_tr, y_tr, True), loader(x_va, y_va), loader(x_te, y_te)


class DigitNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )
        self.head = nn.Linear(32 * 4, n_classes)
        self.frozen = False

    def freeze_backbone(self):
        for p in self.backbone.parameters():
            p.requires_grad = False
        self.frozen = True

    def unfreeze_backbone(self):
        for p in self.backbone.parameters():
            p.requires_grad = True
        self.frozen = False

    def train(self, mode=True):
        super().train(mode)
        if self.frozen:
            self.backbone.eval()  # keep the pretrained batch-norm statistics
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


def accuracy(model, loader):
    model.eval()
    good = total = 0
    with torch.no_grad():
        for x, y in loader:
            good += (model(x).argmax(1) == y).sum().item()
            total += y.size(0)
    return good / total


def fit(model, optimizer, train_loader, val_loader, epochs, tag):
    criterion = nn.CrossEntropyLoss()
    best_acc = accuracy(model, val_loader)
    best_state = copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        acc = accuracy(model, val_loader)
        print(f"{tag} epoch {epoch + 1}: val acc {acc:.3f}")
        if acc > best_acc:
            best_acc, best_state = acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)


if __name__ == "__main__":
    torch.manual_seed(1)
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)

    # 1. source task
    tr, va, te = split_task(images, labels, [0, 1, 2, 3, 4], train_size=0.6)
    source = DigitNet(5)
    fit(source, torch.optim.Adam(source.parameters(), lr=1e-3), tr, va, 6, "source")
    print(f"source test acc {accuracy(source, te):.3f}")

    # 2. target task with few labels: only the new head learns
    tr, va, te = split_task(images, labels, [5, 6, 7, 8, 9], train_size=0.15)
    model = DigitNet(5)
    model.backbone.load_state_dict(source.backbone.state_dict())
    model.freeze_backbone()
    fit(model, torch.optim.Adam(model.head.parameters(), lr=5e-3), tr, va, 8, "head")
    print(f"after head training: val acc {accuracy(model, va):.3f}")

    # 3. fine-tune everything with a smaller rate for the backbone
    model.unfreeze_backbone()
    optimizer = torch.optim.Adam(
        [
            {"params": model.backbone.parameters(), "lr": 1e-4},
            {"params": model.head.parameters(), "lr": 1e-3},
        ]
    )
    fit(model, optimizer, tr, va, 8, "finetune")
    print(f"target test acc {accuracy(model, te):.3f}")
