import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from torch import nn


class CrossValidation:
    def __init__(self, x, y, folds=5, epochs=25):
        self.x = torch.as_tensor(x, dtype=torch.float32)
        self.y = torch.as_tensor(y)
        self.epochs = epochs
        self.splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
        self.net = self.make_net()

    def make_net(self):
        return nn.Sequential(
            nn.Linear(self.x.shape[1], 64),
            nn.ReLU(),
            nn.Linear(64, 2),
        )

    def run_fold(self, train, valid):
        net = self.net
        mean, std = self.x[train].mean(0), self.x[train].std(0)
        z = (self.x - mean) / std
        opt = torch.optim.Adam(net.parameters(), lr=3e-3)
        train = torch.as_tensor(train)
        for _ in range(self.epochs):
            net.train()
            for part in train[torch.randperm(len(train))].split(16):
                opt.zero_grad()
                nn.functional.cross_entropy(net(z[part]), self.y[part]).backward()
                opt.step()
        net.eval()
        with torch.no_grad():
            return (net(z[valid]).argmax(1) == self.y[valid]).float().mean().item()

    def run(self):
        scores = []
        for k, (train, valid) in enumerate(self.splitter.split(self.x.numpy(), self.y.numpy())):
            scores.append(self.run_fold(train, valid))
            print(f"fold {k}: {scores[-1]:.3f}")
        return np.mean(scores), np.std(scores)


def samples(n=240, d=20):
    rng = np.random.default_rng(23)
    x = rng.normal(size=(n, d))
    y = (x[:, 0] + x[:, 1] + 1.5 * rng.normal(size=n) > 0).astype(np.int64)
    return x, y


torch.manual_seed(23)
mean, spread = CrossValidation(*samples()).run()
print(f"5-fold accuracy {mean:.3f} +- {spread:.3f}")
