import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CONFIG = {
    "seed": 11,
    "widths": [48, 48, 24],
    "batch_size": 64,
    "lr": 2e-3,
    "epochs": 12,
}


class TabularRegressor(nn.Module):
    """Feed-forward net for tabular data, depth given by `widths`."""

    def __init__(self, n_features, widths):
        super().__init__()
        self.stem = nn.Linear(n_features, widths[0])
        self.hidden = [nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])]
        self.head = nn.Linear(widths[-1], 1)
        self.act = nn.SiLU()

    def forward(self, x):
        x = self.act(self.stem(x))
        for layer in self.hidden:
            x = self.act(layer(x))
        return self.head(x).squeeze(-1)


def make_data(rng, n):
    x = rng.normal(size=(n, 6)).astype(np.float32)
    y = np.sin(x[:, 0] * x[:, 1]) + 0.5 * np.abs(x[:, 2]) - x[:, 3] ** 2 * 0.2
    return torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))


def evaluate(model, loader):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for xb, yb in loader:
            total += ((model(xb) - yb) ** 2).sum().item()
    return total / len(loader.dataset)


def main(cfg):
    torch.manual_seed(cfg["seed"])
    rng = np.random.default_rng(cfg["seed"])
    train_set = TensorDataset(*make_data(rng, 1200))
    valid_set = TensorDataset(*make_data(rng, 300))
    train_loader = DataLoader(train_set, batch_size=cfg["batch_size"], shuffle=True)
    valid_loader = DataLoader(valid_set, batch_size=256)

    model = TabularRegressor(6, cfg["widths"])
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    criterion = nn.MSELoss()
    for epoch in range(1, cfg["epochs"] + 1):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        if epoch % 4 == 0:
            print(f"epoch {epoch:2d}  valid mse {evaluate(model, valid_loader):.4f}")


if __name__ == "__main__":
    main(CONFIG)
