import numpy as np
import torch
from torch import nn
from sklearn.datasets import make_classification
from sklearn.metrics import f1_score


class Splits:
    def __init__(self, seed):
        X, y = make_classification(700, 15, n_informative=3, weights=[0.85], flip_y=0.15, class_sep=0.6, random_state=seed)
        order = np.random.default_rng(seed).permutation(len(y))
        cut = {"train": order[:460], "val": order[460:620], "test": order[620:]}
        mean, std = X[cut["train"]].mean(0), X[cut["train"]].std(0)
        Z = torch.tensor((X - mean) / std, dtype=torch.float32)
        t = torch.tensor(y, dtype=torch.float32)
        self.parts = {k: (Z[i], t[i]) for k, i in cut.items()}

    def __getitem__(self, name):
        return self.parts[name]


def train(model, x, y, epochs=60):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(epochs):
        for b in torch.randperm(len(x)).split(46):
            opt.zero_grad()
            loss_fn(model(x[b]), y[b]).backward()
            opt.step()


def probabilities(model, x):
    model.eval()
    with torch.no_grad():
        return model(x).sigmoid().numpy()


def best_cut(prob, truth):
    grid = np.linspace(0.02, 0.98, 97)
    return grid[int(np.argmax([f1_score(truth, prob > c, zero_division=0) for c in grid]))]


def main(seed=18):
    torch.manual_seed(seed)
    data = Splits(seed)
    model = nn.Sequential(nn.Linear(15, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
    train(model, *data["train"])
    x_cut, y_cut = data["val"]
    cut = best_cut(probabilities(model, x_cut), y_cut.numpy())
    x_test, y_test = data["test"]
    print("cut %.2f  test F1 %.4f" % (cut, f1_score(y_test.numpy(), probabilities(model, x_test) > cut)))


main()
