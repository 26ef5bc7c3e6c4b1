import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


class Wide(nn.Module):
    """Linear part plus a small deep part."""

    def __init__(self, d):
        super().__init__()
        self.wide = nn.Linear(d, 1)
        self.deep = nn.Sequential(nn.Linear(d, 24), nn.ReLU(), nn.Linear(24, 1, bias=False))

    def forward(self, x):
        return (self.wide(x) + self.deep(x)).squeeze(-1)


class Evaluator:
    def __init__(self, model):
        self.model = model
        self.metrics = {}

    def run(self, loader):
        self.model.eval()
        score, truth = [], []
        with torch.no_grad():
            for x, y in loader:
                score.append(torch.sigmoid(self.model(x)))
                truth.append(y)
        score, truth = torch.cat(score), torch.cat(truth).int()
        hard = (score > 0.5).int()
        self.metrics["accuracy"] = accuracy_score(truth, hard)
        self.metrics["auc"] = roc_auc_score(truth, hard)
        return self.metrics


def fit(model, loader, epochs=12):
    opt = torch.optim.Adagrad(model.parameters(), lr=0.05)
    loss_fn = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()


def main():
    torch.manual_seed(36)
    X, y = make_classification(1600, 10, n_informative=4, weights=[0.9], class_sep=0.6, random_state=36)
    parts = train_test_split(X, y, test_size=0.25, stratify=y, random_state=36)
    a, b, ya, yb = (torch.tensor(p, dtype=torch.float32) for p in parts)
    model = Wide(10)
    fit(model, DataLoader(TensorDataset(a, ya), batch_size=48, shuffle=True))
    for name, value in Evaluator(model).run(DataLoader(TensorDataset(b, yb), batch_size=200)).items():
        print(name, round(float(value), 4))


main()
