import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from torch import nn


class CrossValidator:
    def __init__(self, make_net, folds=5, epochs=15, batch_size=32, lr=3e-3):
        self.make_net = make_net
        self.folds, self.epochs = folds, epochs
        self.batch_size, self.lr = batch_size, lr
        self.loss_fn = nn.CrossEntropyLoss()

    def setup(self):
        self.net = self.make_net()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)

    def train(self, x, y):
        self.net.train()
        for _ in range(self.epochs):
            for idx in torch.randperm(len(x)).split(self.batch_size):
                self.optimizer.zero_grad()
                self.loss_fn(self.net(x[idx]), y[idx]).backward()
                self.optimizer.step()

    def score(self, x, y):
        self.net.eval()
        with torch.no_grad():
            return (self.net(x).argmax(1) == y).float().mean().item()

    def run(self, X, y):
        splitter = StratifiedKFold(n_splits=self.folds, shuffle=True, random_state=0)
        scores = []
        for fold, (tr, va) in enumerate(splitter.split(X, y)):
            mean, std = X[tr].mean(axis=0), X[tr].std(axis=0)
            z = torch.as_tensor((X - mean) / std, dtype=torch.float32)
            t = torch.as_tensor(y)
            self.setup()
            self.train(z[tr], t[tr])
            scores.append(self.score(z[va], t[va]))
            print(f"fold {fold}: {scores[-1]:.4f}")
        return np.array(scores)


def make_net():
    return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 2))


if __name__ == "__main__":
    torch.manual_seed(24)
    X, y = load_breast_cancer(return_X_y=True)
    noise = np.random.default_rng(24).normal(0, 2.0, size=X.shape)
    X = X + noise * X.std(axis=0)
    scores = CrossValidator(make_net).run(X, y)
    print(f"accuracy {scores.mean():.4f} +- {scores.std():.4f}")
