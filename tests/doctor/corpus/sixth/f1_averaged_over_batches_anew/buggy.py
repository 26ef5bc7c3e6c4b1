import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, lr, pos_weight):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
        self.best = 0.0

    def fit(self, train_loader, val_loader, epochs):
        for epoch in range(epochs):
            self.model.train()
            for x, y in train_loader:
                self.opt.zero_grad()
                self.loss(self.model(x).view(-1), y).backward()
                self.opt.step()
            f1 = self.validate(val_loader)
            self.best = max(self.best, f1)
            print(f"[{epoch}] val F1 {f1:.3f} (best {self.best:.3f})")

    @torch.no_grad()
    def validate(self, loader):
        self.model.eval()
        scores = []
        for x, y in loader:
            guess = (self.model(x).view(-1) > 0).float()
            scores.append(f1_score(y.numpy(), guess.numpy(), zero_division=0))
        return float(np.mean(scores))


def defects(n, rng):
    x = rng.normal(size=(n, 8)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + 0.3 * rng.normal(size=n) > 2.2).astype(np.float32)
    return TensorDataset(torch.from_numpy(x), torch.from_numpy(y))


if __name__ == "__main__":
    torch.manual_seed(31)
    rng = np.random.default_rng(31)
    train_set, val_set = defects(2000, rng), defects(600, rng)
    labels = train_set.tensors[1]
    ratio = (labels == 0).sum() / (labels == 1).sum()
    model = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 1))
    trainer = Trainer(model, lr=3e-3, pos_weight=ratio.sqrt())
    trainer.fit(DataLoader(train_set, batch_size=64, shuffle=True), DataLoader(val_set, batch_size=16), epochs=10)
