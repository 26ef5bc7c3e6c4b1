import numpy as np
import torch
import torch.nn as nn


class Regressor:
    """Small sklearn-like wrapper, assignment 5."""

    def __init__(self, n_in, n_hidden=32, lr=0.01, epochs=60, seed=0):
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, 1))
        self.lr = lr
        self.epochs = epochs
        self.mean_ = None
        self.std_ = None

    def fit(self, X, y):
        self.mean_ = X.mean(axis=0)
        self.std_ = X.std(axis=0)
        Xt = torch.tensor((X - self.mean_) / self.std_, dtype=torch.float32)
        yt = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        criterion = nn.MSELoss()
        self.net.train()
        for _ in range(self.epochs):
            for idx in torch.randperm(len(Xt)).split(32):
                optimizer.zero_grad()
                loss = criterion(self.net(Xt[idx]), yt[idx])
                loss.backward()
                optimizer.step()
        return self

    def predict(self, X):
        Xt = torch.tensor(X, dtype=torch.float32)
        self.net.eval()
        with torch.no_grad():
            return self.net(Xt).squeeze(1).numpy()

    def score(self, X, y):
        residual = y - self.predict(X)
        return 1 - (residual ** 2).sum() / ((y - y.mean()) ** 2).sum()


rng = np.random.default_rng(10)
temp = rng.uniform(5, 35, 500)
humidity = rng.uniform(20, 95, 500)
wind = rng.exponential(3, 500)
X = np.stack([temp, humidity, wind], axis=1)
y = 0.05 * (temp - 20) ** 2 - 0.03 * humidity + 0.4 * wind + rng.normal(0, 0.5, 500)

reg = Regressor(3).fit(X[:380], y[:380])
print("train R2", round(float(reg.score(X[:380], y[:380])), 3))
print("test  R2", round(float(reg.score(X[380:], y[380:])), 3))
