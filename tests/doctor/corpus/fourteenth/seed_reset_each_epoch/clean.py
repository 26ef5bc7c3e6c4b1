import os
import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def seed_everything(seed):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class CFG:
    seed = 42
    epochs = 8
    lr = 3e-3
    noise = 0.3


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for x, y in loader:
        x = x + CFG.noise * torch.randn_like(x)   # input noise augmentation
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


@torch.no_grad()
def valid_one_epoch(model, loader):
    model.eval()
    correct = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return correct / len(loader.dataset)


if __name__ == "__main__":
    seed_everything(CFG.seed)
    x = torch.randn(500, 15)
    y = (x[:, :5].sum(1) > 0).long()
    train_loader = DataLoader(TensorDataset(x[:350], y[:350]), batch_size=32, shuffle=True)
    valid_loader = DataLoader(TensorDataset(x[350:], y[350:]), batch_size=50)
    model = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=CFG.lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(CFG.epochs):
        tl = train_one_epoch(model, train_loader, optimizer, criterion)
        va = valid_one_epoch(model, valid_loader)
        print(f"Epoch {epoch + 1} - train_loss: {tl:.4f}  valid_acc: {va:.4f}")
