import copy

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    """Stops when the loss has not improved for `patience` epochs in a row."""

    def __init__(self, patience=4, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = np.inf
        self.bad_epochs = 0
        self.weights = None

    def __call__(self, value, model):
        if value < self.best - self.min_delta:
            self.best = value
            self.bad_epochs = 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


def friedman(n, rng):
    X = rng.uniform(size=(n, 10)).astype(np.float32)
    y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
    y = (y + rng.normal(size=n)).astype(np.float32)
    return X, (y - 14.4) / 5.0


def loader_of(X, y, batch, shuffle):
    return DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(y)[:, None]), batch_size=batch, shuffle=shuffle)


@torch.no_grad()
def mean_error(model, loader, loss_fn):
    model.eval()
    total = sum(loss_fn(model(x), y).item() for x, y in loader)
    return total / len(loader.dataset)


def main():
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    tr = loader_of(*friedman(300, rng), batch=25, shuffle=True)
    va = loader_of(*friedman(150, rng), batch=150, shuffle=False)
    te = loader_of(*friedman(500, rng), batch=500, shuffle=False)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    mse, summed = nn.MSELoss(), nn.MSELoss(reduction="sum")
    stopper = EarlyStopping(patience=5)
    for epoch in range(80):
        model.train()
        for x, y in tr:
            optimizer.zero_grad()
            mse(model(x), y).backward()
            optimizer.step()
        val = mean_error(model, va, summed)
        if stopper(val, model):
            print("stopped after epoch", epoch)
            break
    model.load_state_dict(stopper.weights)
    print(f"validation {stopper.best:.4f}  test {mean_error(model, te, summed):.4f}")


if __name__ == "__main__":
    main()
