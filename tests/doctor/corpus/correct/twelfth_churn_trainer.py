"""Churn prediction on tabular data with a small Trainer class."""
import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    seed: int = 17
    batch_size: int = 64
    lr: float = 2e-3
    weight_decay: float = 1e-4
    max_epochs: int = 25
    patience: int = 4


def make_data(rng, n=1500, d=10):
    x = rng.normal(loc=rng.uniform(-5, 5, d), scale=rng.uniform(0.5, 8, d), size=(n, d))
    z = (x - x.mean(0)) / x.std(0)
    logit = 1.4 * z[:, 0] - z[:, 3] * z[:, 4] + 0.8 * z[:, 7] - 1.2
    y = rng.random(n) < 1 / (1 + np.exp(-logit))
    return x.astype(np.float32), y.astype(np.float32)


class Trainer:
    def __init__(self, model, cfg, pos_weight):
        self.model, self.cfg = model, cfg
        self.criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)

    def train_epoch(self, loader):
        self.model.train()
        total = 0.0
        for xb, yb in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(xb).squeeze(1), yb)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(xb)
        return total / len(loader.dataset)

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        total, logits, labels = 0.0, [], []
        for xb, yb in loader:
            out = self.model(xb).squeeze(1)
            total += self.criterion(out, yb).item() * len(xb)
            logits.append(out)
            labels.append(yb)
        logits, labels = torch.cat(logits), torch.cat(labels)
        pos, neg = logits[labels == 1], logits[labels == 0]
        auc = (pos[:, None] > neg[None, :]).float().mean().item()
        return total / len(loader.dataset), auc

    def fit(self, train_loader, val_loader):
        best, best_state, bad = float("inf"), None, 0
        for epoch in range(self.cfg.max_epochs):
            train_loss = self.train_epoch(train_loader)
            val_loss, val_auc = self.evaluate(val_loader)
            print(f"epoch {epoch:2d} train {train_loss:.4f} val {val_loss:.4f} auc {val_auc:.3f}")
            if val_loss < best:
                best, best_state, bad = val_loss, copy.deepcopy(self.model.state_dict()), 0
            else:
                bad += 1
                if bad >= self.cfg.patience:
                    break
        self.model.load_state_dict(best_state)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    x, y = make_data(rng)
    order = rng.permutation(len(x))
    tr, va, te = order[:1000], order[1000:1250], order[1250:]
    mean, std = x[tr].mean(0), x[tr].std(0)
    x = (x - mean) / std

    def loader(idx, shuffle=False):
        ds = TensorDataset(torch.from_numpy(x[idx]), torch.from_numpy(y[idx]))
        return DataLoader(ds, batch_size=cfg.batch_size, shuffle=shuffle)

    pos_weight = torch.tensor(float((y[tr] == 0).sum() / (y[tr] == 1).sum()))
    model = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
    trainer = Trainer(model, cfg, pos_weight)
    trainer.fit(loader(tr, shuffle=True), loader(va))
    loss, auc = trainer.evaluate(loader(te))
    print(f"test loss {loss:.4f} auc {auc:.3f}")


if __name__ == "__main__":
    main()
