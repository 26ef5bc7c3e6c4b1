"""Wine cultivar classification with a small reusable Trainer."""
import copy
from dataclasses import dataclass

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, Dataset


@dataclass
class Config:
    hidden: int = 32
    lr: float = 5e-3
    weight_decay: float = 1e-3
    batch_size: int = 16
    max_epochs: int = 60
    patience: int = 10
    seed: int = 7


class TabularDataset(Dataset):
    def __init__(self, features, targets):
        self.features = torch.as_tensor(features, dtype=torch.float32)
        self.targets = torch.as_tensor(targets, dtype=torch.long)

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, idx):
        return self.features[idx], self.targets[idx]


class EarlyStopping:
    def __init__(self, patience):
        self.patience = patience
        self.best = float("inf")
        self.bad_epochs = 0
        self.state = None

    def update(self, value, model):
        """Returns True when training should stop."""
        if value < self.best:
            self.best = value
            self.bad_epochs = 0
            self.state = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


class Trainer:
    def __init__(self, model, cfg):
        self.model = model
        self.cfg = cfg
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
        self.stopper = EarlyStopping(cfg.patience)

    def _train_epoch(self, loader):
        self.model.train()
        total, count = 0.0, 0
        for x, y in loader:
            loss = self.criterion(self.model(x), y)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * x.size(0)
            count += x.size(0)
        return total / count

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        total, hits, count = 0.0, 0, 0
        for x, y in loader:
            out = self.model(x)
            total += self.criterion(out, y).item() * x.size(0)
            hits += (out.argmax(dim=1) == y).sum().item()
            count += x.size(0)
        return total / count, hits / count

    def fit(self, train_loader, val_loader):
        for epoch in range(1, self.cfg.max_epochs + 1):
            train_loss = self._train_epoch(train_loader)
            val_loss, val_acc = self.evaluate(val_loader)
            if epoch % 5 == 0:
                print(f"[{epoch:03d}] train={train_loss:.4f} val={val_loss:.4f} val_acc={val_acc:.3f}")
            if self.stopper.update(val_loss, self.model):
                print(f"stopped early after {epoch} epochs")
                break
        self.model.load_state_dict(self.stopper.state)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    X, y = load_wine(return_X_y=True)
    X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=cfg.seed)
    X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.2, stratify=y_rest, random_state=cfg.seed)

    scaler = StandardScaler().fit(X_tr)
    sets = [TabularDataset(scaler.transform(a), b) for a, b in ((X_tr, y_tr), (X_va, y_va), (X_test, y_test))]
    train_loader = DataLoader(sets[0], batch_size=cfg.batch_size, shuffle=True)
    val_loader = DataLoader(sets[1], batch_size=64)
    test_loader = DataLoader(sets[2], batch_size=64)

    model = nn.Sequential(
        nn.Linear(X.shape[1], cfg.hidden), nn.ReLU(), nn.Dropout(0.2), nn.Linear(cfg.hidden, 3)
    )
    trainer = Trainer(model, cfg)
    trainer.fit(train_loader, val_loader)
    loss, acc = trainer.evaluate(test_loader)
    print(f"test loss {loss:.4f}, test accuracy {acc:.3f}")


if __name__ == "__main__":
    main()
