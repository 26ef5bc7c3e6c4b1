import os
import tempfile
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split


class Trainer:
    def __init__(self, model, loaders, workdir, lr=3e-3):
        self.model = model
        self.loaders = loaders
        self.path = os.path.join(workdir, "best.pt")
        self.opt = optim.Adam(model.parameters(), lr=lr)
        self.crit = nn.MSELoss()
        self.best = float("inf")

    def train_epoch(self):
        self.model.train()
        for xb, yb in self.loaders["train"]:
            self.opt.zero_grad()
            loss = self.crit(self.model(xb), yb)
            loss.backward()
            self.opt.step()

    def evaluate(self, split):
        self.model.eval()
        total = 0.0
        with torch.inference_mode():
            for xb, yb in self.loaders[split]:
                total += self.crit(self.model(xb), yb).item() * len(xb)
        return total / len(self.loaders[split].dataset)

    def fit(self, epochs):
        for _ in range(epochs):
            self.train_epoch()
            val = self.evaluate("val")
            if val < self.best:
                self.best = val
                torch.save(self.model.state_dict(), self.path)
        return self

    def test(self):
        self.model.load_state_dict(torch.load(self.path))
        return self.evaluate("test")


def dataset(n=400, seed=1):
    rs = np.random.RandomState(seed)
    x = rs.uniform(-2, 2, size=(n, 6)).astype("float32")
    y = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + rs.normal(0, 0.6, n)
    return TensorDataset(torch.from_numpy(x), torch.from_numpy(y.astype("float32")).unsqueeze(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    train, val, test = random_split(dataset(), [160, 80, 160])
    loaders = {
        "train": DataLoader(train, 40, shuffle=True),
        "val": DataLoader(val, 80),
        "test": DataLoader(test, 160),
    }
    net = nn.Sequential(nn.Linear(6, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
    with tempfile.TemporaryDirectory() as d:
        tr = Trainer(net, loaders, d).fit(120)
        print("best val mse %.3f   test mse %.3f" % (tr.best, tr.test()))
