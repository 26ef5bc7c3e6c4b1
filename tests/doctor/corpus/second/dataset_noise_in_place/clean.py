import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class NoisyTable(Dataset):
    def __init__(self, x, y, sigma=0.0):
        self.x, self.y, self.sigma = x, y, sigma

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        row = self.x[i]
        if self.sigma > 0:
            row = row + self.sigma * torch.randn_like(row)
        return row, self.y[i]


class Experiment:
    def __init__(self, seed=0, epochs=40):
        torch.manual_seed(seed)
        self.epochs = epochs
        self.load(seed)
        self.model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
        self.optim = torch.optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.loss = nn.BCEWithLogitsLoss()

    def load(self, seed):
        X, y = load_breast_cancer(return_X_y=True)
        a, b, ya, yb = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
        m, s = a.mean(0), a.std(0)
        t = lambda v: torch.tensor(v, dtype=torch.float32)
        self.train_set = NoisyTable(t((a - m) / s), t(ya), sigma=0.5)
        self.test_set = NoisyTable(t((b - m) / s), t(yb))

    def train(self):
        loader = DataLoader(self.train_set, batch_size=64, shuffle=True)
        for epoch in range(self.epochs):
            self.model.train()
            for x, y in loader:
                self.optim.zero_grad()
                self.loss(self.model(x).squeeze(1), y).backward()
                self.optim.step()
            if (epoch + 1) % 10 == 0:
                print(epoch + 1, "clean train loss %.4f, test loss %.4f" % (self.nll(self.train_set), self.nll(self.test_set)))

    @torch.no_grad()
    def nll(self, ds):
        self.model.eval()
        return self.loss(self.model(ds.x).squeeze(1), ds.y).item()


Experiment().train()
