import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from torch.utils.data import DataLoader, TensorDataset, random_split

SEED = 17


def load():
    bunch = load_diabetes()
    x = torch.tensor(bunch.data, dtype=torch.float32)
    y = torch.tensor(bunch.target, dtype=torch.float32) / 100
    return random_split(TensorDataset(x, y), [342, 100], generator=torch.Generator().manual_seed(SEED))


class Regressor(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, 1))
        nn.init.constant_(self.net[-1].bias, 1.5)

    def forward(self, x):
        return self.net(x)


def fit(model, loader, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            loss = nn.functional.smooth_l1_loss(model(x), y[:, None])
            opt.zero_grad()
            loss.backward()
            opt.step()


def predict(model, loader):
    model.eval()
    preds, targets = [], []
    with torch.no_grad():
        for x, y in loader:
            preds.append(model(x).numpy())
            targets.append(y.numpy())
    return np.concatenate(preds)[:, 0], np.concatenate(targets)


def report(p, t):
    mae = np.abs(p - t).mean()
    r2 = 1 - ((t - p) ** 2).mean() / t.var()
    print(f"MAE {mae:.3f}   R2 {r2:.3f}")


torch.manual_seed(SEED)
train, test = load()
model = Regressor(10)
fit(model, DataLoader(train, batch_size=32, shuffle=True), 30)
report(*predict(model, DataLoader(test, batch_size=50)))
