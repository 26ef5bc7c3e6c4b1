import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Houses(Dataset):
    def __init__(self, n):
        area = np.random.uniform(40, 220, n)
        rooms = np.clip(np.round(area / 28 + np.random.randn(n)), 1, 9)
        age = np.random.uniform(0, 80, n)
        price = 900 * area + 11_000 * rooms - 700 * age + 60_000 + 9_000 * np.random.randn(n)
        raw = np.stack([area / 100, rooms / 5, age / 40], axis=1)
        self.x = torch.from_numpy(raw).float()
        # work in log price: errors become relative
        self.y = torch.from_numpy(np.log(np.maximum(price, 10_000.0))).float().unsqueeze(1)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Trainer:
    def __init__(self, model, optimizer, scheduler, device="cpu"):
        self.model = model.to(device)
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.device = device
        self.history = []

    def train_one_epoch(self, loader):
        self.model.train()
        total = 0.0
        for x, y in loader:
            x, y = x.to(self.device), y.to(self.device)
            loss = F.mse_loss(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        return total / len(loader.dataset)

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        squared = 0.0
        for x, y in loader:
            x, y = x.to(self.device), y.to(self.device)
            squared += F.mse_loss(self.model(x), y, reduction="sum").item()
        return math.sqrt(squared / len(loader.dataset))

    def fit(self, train_loader, val_loader, epochs):
        for epoch in range(1, epochs + 1):
            train_mse = self.train_one_epoch(train_loader)
            val_rmse = self.evaluate(val_loader)
            self.scheduler.step()
            self.history.append((train_mse, val_rmse))
            if epoch % 4 == 0:
                print(f"[{epoch:02d}/{epochs}] train mse {train_mse:.4f} | val rmse (log) {val_rmse:.4f}")


if __name__ == "__main__":
    seed_all(0)
    data = Houses(800)
    train_set, val_set = random_split(data, [640, 160], generator=torch.Generator().manual_seed(1))
    net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    with torch.no_grad():
        train_targets = torch.stack([train_set[i][1] for i in range(len(train_set))])
        net[-1].bias.copy_(train_targets.mean(0))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
    trainer = Trainer(net, opt, torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=16))
    trainer.fit(DataLoader(train_set, 32, shuffle=True), DataLoader(val_set, 160), epochs=16)
    first, last = trainer.history[0][1], trainer.history[-1][1]
    print(f"validation rmse went from {first:.4f} to {last:.4f}")
