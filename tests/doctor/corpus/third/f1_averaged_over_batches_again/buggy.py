import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.metrics import f1_score
from sklearn.datasets import make_classification


class Experiment:
    def __init__(self, hidden=40, lr=1e-2, batch_size=16, seed=0):
        torch.manual_seed(seed)
        self.batch_size = batch_size
        self.model = nn.Sequential(nn.Linear(10, hidden), nn.GELU(), nn.Linear(hidden, 2))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr)
        self.loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 8.0]))
        X, y = make_classification(1600, 10, n_informative=5, weights=[0.9], class_sep=1.2, random_state=seed)
        X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
        self.train_ds = TensorDataset(X[:1200], y[:1200])
        self.test_ds = TensorDataset(X[1200:], y[1200:])

    def train(self, epochs):
        self.model.train()
        for _ in range(epochs):
            for x, y in DataLoader(self.train_ds, self.batch_size * 4, shuffle=True):
                self.optimizer.zero_grad()
                self.loss(self.model(x), y).backward()
                self.optimizer.step()
        return self

    def test(self):
        self.model.eval()
        scores = []
        with torch.no_grad():
            for x, y in DataLoader(self.test_ds, self.batch_size):
                pred = self.model(x).argmax(-1)
                scores.append(f1_score(y.numpy(), pred.numpy(), zero_division=0))
        return sum(scores) / len(scores)


print('F1 %.3f' % Experiment().train(8).test())
