import random
import statistics

import numpy as np
import torch
from torch import nn


def seed_everything(seed: int = 42) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def make_split(n_train=150, n_test=300):
    g = np.random.default_rng(99)
    x = g.normal(size=(n_train + n_test, 10)).astype(np.float32)
    y = (x[:, 0] ** 2 + x[:, 1] * x[:, 2] + 0.4 * g.normal(size=len(x)) > 0.8).astype(np.float32)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    return (x[:n_train], y[:n_train]), (x[n_train:], y[n_train:])


def experiment(train, test, *, seed: int, dropout: float, epochs: int = 25) -> float:
    seed_everything(seed)
    model = nn.Sequential(
        nn.Linear(10, 64), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(64, 1), nn.Flatten(0),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    x, y = train
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(25):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return ((model(test[0]) > 0).float() == test[1]).float().mean().item()


def main() -> None:
    train, test = make_split()
    for dropout in (0.0, 0.5):
        results = [experiment(train, test, seed=s, dropout=dropout) for s in range(4)]
        print(f"dropout {dropout}: {statistics.mean(results):.4f} +- {statistics.stdev(results):.4f} (n={len(results)})")


if __name__ == "__main__":
    main()
