import copy

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CONFIG = {
    "hidden": 48,
    "lr": 1e-2,
    "batch_size": 32,
    "max_epochs": 60,
    "early_stopping": {"monitor": "val_loss", "mode": "min", "patience": 5},
}


class EarlyStopping:
    def __init__(self, monitor, mode, patience):
        self.monitor = monitor
        self.sign = 1.0 if mode == "max" else -1.0
        self.patience = patience
        self.best = -float("inf")
        self.state = None
        self.waited = 0

    def step(self, logs, model):
        value = self.sign * logs[self.monitor]
        if value > self.best:
            self.best = value
            self.state = copy.deepcopy(model.state_dict())
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience


def make(n):
    angle = torch.rand(n) * 6.2832
    ring = torch.randint(0, 3, (n,))
    r = 1 + ring + 0.25 * torch.randn(n)
    return TensorDataset(torch.stack([r * angle.cos(), r * angle.sin()], 1), ring)


def evaluate(model, loader, criterion):
    model.eval()
    loss_sum, hits, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss_sum += criterion(out, y).item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            count += len(y)
    return {"val_loss": loss_sum / count, "val_acc": hits / count}


def main():
    torch.manual_seed(33)
    train_dl = DataLoader(make(600), batch_size=CONFIG["batch_size"], shuffle=True)
    val_dl = DataLoader(make(200), batch_size=100)
    test_dl = DataLoader(make(300), batch_size=100)
    model = nn.Sequential(nn.Linear(2, CONFIG["hidden"]), nn.ReLU(), nn.Linear(CONFIG["hidden"], 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=CONFIG["lr"])
    criterion = nn.CrossEntropyLoss()
    stopper = EarlyStopping(**CONFIG["early_stopping"])
    for epoch in range(CONFIG["max_epochs"]):
        model.train()
        for x, y in train_dl:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        if stopper.step(evaluate(model, val_dl, criterion), model):
            break
    model.load_state_dict(stopper.state)
    print("epochs run:", epoch + 1, "test:", evaluate(model, test_dl, criterion))


main()
