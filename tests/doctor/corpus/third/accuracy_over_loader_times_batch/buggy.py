import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Experiment:
    batch_size = 64

    def __init__(self, seed=0):
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(5, 32), nn.GELU(), nn.Linear(32, 3))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=5e-3)
        self.loss = nn.CrossEntropyLoss()
        self.train_loader = self._loader(512, shuffle=True)
        self.test_loader = self._loader(210, shuffle=False)

    def _loader(self, n, shuffle):
        x = torch.randn(n, 5)
        y = torch.stack([x[:, 0], x[:, 1] + x[:, 2], -x[:, 0] * x[:, 3]], dim=1).argmax(1)
        return DataLoader(TensorDataset(x, y), batch_size=self.batch_size, shuffle=shuffle)

    def epoch(self):
        self.net.train()
        for x, y in self.train_loader:
            self.opt.zero_grad()
            loss = self.loss(self.net(x), y)
            loss.backward()
            self.opt.step()

    def counts(self, loader):
        self.net.eval()
        correct = torch.zeros((), dtype=torch.long)
        with torch.no_grad():
            for x, y in loader:
                correct += (self.net(x).argmax(1) == y).sum()
        return correct.item()

    def score(self):
        n = len(self.test_loader) * self.batch_size
        return 100.0 * self.counts(self.test_loader) / n

    def run(self, epochs):
        for e in range(epochs):
            self.epoch()
        print(f"accuracy after {epochs} epochs: {self.score():.2f} %")


Experiment().run(25)
