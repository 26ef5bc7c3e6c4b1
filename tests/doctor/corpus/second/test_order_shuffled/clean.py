import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_friedman2
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def loader(X, y, batch_size, train):
    ds = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32))
    return DataLoader(ds, batch_size=batch_size, shuffle=train)


class Regressor:
    def __init__(self, d, lr=5e-3):
        self.net = nn.Sequential(nn.Linear(d, 40), nn.ReLU(), nn.Linear(40, 1), nn.Flatten(0))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr)
        self.loss = nn.HuberLoss()

    def fit(self, batches, epochs):
        self.net.train()
        for _ in range(epochs):
            for x, y in batches:
                self.opt.zero_grad()
                self.loss(self.net(x), y).backward()
                self.opt.step()

    def predict(self, batches):
        self.net.eval()
        with torch.no_grad():
            return torch.cat([self.net(x) for x, _ in batches]).numpy()


def main():
    torch.manual_seed(15)
    X, y = make_friedman2(1000, noise=40.0, random_state=15)
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.2, random_state=15)
    sx, sy = StandardScaler().fit(Xa), StandardScaler().fit(ya[:, None])
    scale = lambda t: sy.transform(t[:, None])[:, 0]
    reg = Regressor(X.shape[1])
    reg.fit(loader(sx.transform(Xa), scale(ya), 40, train=True), epochs=30)
    z = reg.predict(loader(sx.transform(Xb), scale(yb), 100, train=False))
    pred = sy.inverse_transform(z[:, None])[:, 0]
    print("R2 %.3f  RMSE %.1f" % (r2_score(yb, pred), np.sqrt(np.mean((pred - yb) ** 2))))


main()
