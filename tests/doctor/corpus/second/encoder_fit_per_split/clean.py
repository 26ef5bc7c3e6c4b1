import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import LabelEncoder

SPECIES = np.array(["ash", "birch", "elm", "fir", "oak"])
PROFILE = np.random.default_rng(0).normal(size=(5, 9)) * 1.5


class Survey:
    def __init__(self, names, seed):
        rng = np.random.default_rng(seed)
        self.names = rng.choice(names, 400)
        k = np.searchsorted(SPECIES, self.names)
        self.features = (PROFILE[k] + rng.normal(size=(400, 9))).astype(np.float32)


class TreeClassifier:
    def __init__(self, seed=0, lr=5e-3, epochs=20):
        torch.manual_seed(seed)
        self.encoder = LabelEncoder()
        self.lr, self.epochs = lr, epochs

    def prepare(self, survey, fit=False):
        codes = self.encoder.fit_transform(survey.names) if fit else self.encoder.transform(survey.names)
        return torch.from_numpy(survey.features), torch.from_numpy(codes)

    def train(self, survey):
        x, y = self.prepare(survey, fit=True)
        self.net = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, len(self.encoder.classes_)))
        opt = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        for _ in range(self.epochs):
            self.net.train()
            for b in torch.randperm(len(x)).split(40):
                loss = nn.functional.cross_entropy(self.net(x[b]), y[b])
                opt.zero_grad()
                loss.backward()
                opt.step()
        return self

    def evaluate(self, survey):
        x, y = self.prepare(survey)
        self.net.eval()
        with torch.no_grad():
            return (self.net(x).argmax(1) == y).float().mean().item()


north = Survey(SPECIES, seed=1)
south = Survey(SPECIES[1:], seed=2)
clf = TreeClassifier().train(north)
print("north", clf.evaluate(north), "south", clf.evaluate(south))
