import copy
import logging
import sys
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
log = logging.getLogger("train")


@dataclass
class Config:
    seed: int = 3
    lr: float = 3e-3
    batch_size: int = 64
    max_epochs: int = 40
    patience: int = 4
    hidden: int = 32
    dropout: float = 0.1


class EarlyStopping:
    def __init__(self, patience):
        self.patience = patience
        self.best = float("inf")
        self.bad_epochs = 0
        self.best_state = None

    def update(self, value, model):
        """Return True when training should stop."""
        if value < self.best:
            self.best = value
            self.bad_epochs = 0
            self.best_state = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


class Trainer:
    def __init__(self, model, cfg):
        self.model = model
        self.cfg = cfg
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
        self.stopper = EarlyStopping(cfg.patience)

    def train_epoch(self, loader):
        self.model.train()
        total = 0.0
        for x, y in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * y.size(0)
        return total / len(loader.dataset)

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        loss, correct = 0.0, 0
        for x, y in loader:
            logits = self.model(x)
            loss += self.criterion(logits, y).item() * y.size(0)
            correct += (logits.argmax(1) == y).sum().item()
        n = len(loader.dataset)
        return loss / n, correct / n

    def fit(self, train_loader, val_loader):
        for epoch in range(1, self.cfg.max_epochs + 1):
            train_loss = self.train_epoch(train_loader)
            val_loss, val_acc = self.evaluate(val_loader)
            log.info("epoch %d train %.4f val %.4f acc %.3f", epoch, train_loss, val_loss, val_acc)
            if self.stopper.update(val_loss, self.model):
                log.info("early stop at epoch %d", epoch)
                break
        self.model.load_state_dict(self.stopper.best_state)


def two_spirals(n):
    label = torch.randint(0, 2, (n,))
    t = 0.5 + 2.5 * torch.rand(n)
    angle = 2.0 * t + torch.pi * label
    xy = torch.stack([t * angle.cos(), t * angle.sin()], dim=1)
    return (xy + 0.15 * torch.randn(n, 2)) / 3.0, label


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train, val, test = random_split(TensorDataset(*two_spirals(1500)), [1000, 250, 250])
    model = nn.Sequential(
        nn.Linear(2, cfg.hidden), nn.ReLU(), nn.Dropout(cfg.dropout),
        nn.Linear(cfg.hidden, cfg.hidden), nn.ReLU(),
        nn.Linear(cfg.hidden, 2),
    )
    trainer = Trainer(model, cfg)
    trainer.fit(DataLoader(train, cfg.batch_size, shuffle=True), DataLoader(val, 250))
    test_loss, test_acc = trainer.evaluate(DataLoader(test, 250))
    log.info("test loss %.4f acc %.3f", test_loss, test_acc)


if __name__ == "__main__":
    main()
