import copy
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Subset, TensorDataset


class EarlyStopping:
    def __init__(self, patience=4, min_delta=1e-4):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.bad, self.weights = float("inf"), 0, None

    def update(self, value, model):
        if value < self.best - self.min_delta:
            self.best, self.bad = value, 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience


class Scaled(nn.Module):
    """The network carries the statistics of its own training fold."""

    def __init__(self, x_train):
        super().__init__()
        self.register_buffer("mean", x_train.mean(0))
        self.register_buffer("std", x_train.std(0).clamp_min(1e-6))
        self.net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))

    def forward(self, x):
        return self.net((x - self.mean) / self.std).squeeze(-1)


def k_folds(n, k, seed):
    order = np.random.default_rng(seed).permutation(n)
    parts = np.array_split(order, k)
    for i in range(k):
        rest = np.concatenate([p for j, p in enumerate(parts) if j != i])
        yield rest.tolist(), parts[i].tolist()


def evaluate(model, loader):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += nn.functional.mse_loss(model(x), y, reduction="sum").item()
    return total / len(loader.dataset)


def run_fold(ds, train_idx, test_idx, seed):
    torch.manual_seed(seed)
    cut = int(0.85 * len(train_idx))
    fit_idx, stop_idx = train_idx[:cut], train_idx[cut:]
    g = torch.Generator()
    g.manual_seed(seed)
    train = DataLoader(Subset(ds, fit_idx), batch_size=32, shuffle=True, generator=g)
    stop = DataLoader(Subset(ds, stop_idx), batch_size=64)
    test = DataLoader(Subset(ds, test_idx), batch_size=64)
    model = Scaled(ds.tensors[0][fit_idx])
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    stopper = EarlyStopping()
    for epoch in range(12):
        model.train()
        for x, y in train:
            opt.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            opt.step()
        if stopper.update(evaluate(model, stop), model):
            break
    model.load_state_dict(stopper.weights)
    return evaluate(model, test), epoch + 1


if __name__ == "__main__":
    g = torch.Generator().manual_seed(77)
    x = torch.randn(400, 8, generator=g) * torch.arange(1, 9) + 5
    y = x[:, 0] - 0.2 * x[:, 3] + 0.3 * torch.randn(400, generator=g)
    dataset = TensorDataset(x, y)
    scores = []
    for fold, (tr, te) in enumerate(k_folds(len(dataset), 4, seed=0)):
        mse, epochs = run_fold(dataset, tr, te, seed=fold)
        scores.append(mse)
        print(f"fold {fold}: mse {mse:.4f} after {epochs} epochs")
    print(f"{np.mean(scores):.4f} +- {np.std(scores, ddof=1):.4f}")
