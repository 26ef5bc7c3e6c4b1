import math
import random

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class DiabetesDataset(Dataset):
    """Standardises with statistics that are given (those of the training part)."""

    def __init__(self, X, y, stats=None):
        X, y = X.astype(np.float32), y.astype(np.float32)
        if stats is None:
            stats = X.mean(0), X.std(0), y.mean(), y.std()
        self.stats = stats
        mx, sx, my, sy = stats
        self.X = torch.from_numpy((X - mx) / sx)
        self.y = torch.from_numpy((y - my) / sy).unsqueeze(1)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i], self.y[i]


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Regressor(nn.Module):
    def __init__(self, d, hidden=(64, 32), p=0.1):
        super().__init__()
        layers = []
        for h in hidden:
            layers += [nn.Linear(d, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Dropout(p)]
            d = h
        layers.append(nn.Linear(d, 1))
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


def train_epoch(model, loader, loss_fn, opt):
    model.train()
    running, n = 0.0, 0
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
        running += loss.item() * xb.size(0)
        n += xb.size(0)
    return running / n


@torch.no_grad()
def rmse(model, loader, target_std):
    """Root mean squared error in the units of the target."""
    model.eval()
    se, n = 0.0, 0
    for xb, yb in loader:
        diff = (model(xb) - yb) * float(target_std)
        se += diff.pow(2).sum().item()
        n += len(xb)
    return math.sqrt(se / n)


if __name__ == "__main__":
    set_seed(0)
    X, y = load_diabetes(return_X_y=True, scaled=False)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.2, random_state=0)
    Xtr, Xva, ytr, yva = train_test_split(Xtr, ytr, test_size=0.2, random_state=0)
    train_ds = DiabetesDataset(Xtr, ytr)
    val_ds = DiabetesDataset(Xva, yva, train_ds.stats)
    test_ds = DiabetesDataset(Xte, yte, train_ds.stats)
    train_loader = DataLoader(train_ds, batch_size=32, shuffle=True, drop_last=True)
    val_loader = DataLoader(val_ds, batch_size=128)
    test_loader = DataLoader(test_ds, batch_size=128)

    model = Regressor(X.shape[1])
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=4)
    best, best_state, bad = float("inf"), None, 0
    sy = train_ds.stats[3]
    for epoch in range(40):
        tr = train_epoch(model, train_loader, nn.MSELoss(), opt)
        va = rmse(model, val_loader, sy)
        sched.step(va)
        if va < best:
            best, bad = va, 0
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            bad += 1
        if epoch % 10 == 0:
            print(f"epoch {epoch:3d}  train mse(std) {tr:.3f}  val rmse {va:.1f}  lr {opt.param_groups[0]['lr']:.1e}")
        if bad >= 12:
            print("early stop at", epoch)
            break
    model.load_state_dict(best_state)
    print(f"best val rmse {best:.2f}   test rmse {rmse(model, test_loader, sy):.2f}   "
          f"(predicting the mean: {float(np.sqrt(np.mean((yte - ytr.mean()) ** 2))):.2f})")
