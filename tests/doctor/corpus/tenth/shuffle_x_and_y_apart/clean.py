import argparse

import numpy as np
import torch
from torch import nn


def load_wafer_data(n, rng):
    """Sensor readings of n wafers with a pass/fail flag."""
    readings = rng.normal(size=(n, 12)).astype("float32")
    score = readings[:, 0] - 0.8 * readings[:, 4] + 0.5 * readings[:, 7] ** 2
    return readings, (score > 0.5).astype("int64")


def prepare(args):
    rng = np.random.default_rng(args.seed)
    x, y = load_wafer_data(args.n, rng)
    order = rng.permutation(len(x))
    x, y = x[order], y[order]
    cut = int(0.8 * len(x))
    train = torch.utils.data.TensorDataset(torch.from_numpy(x[:cut]), torch.from_numpy(y[:cut]))
    test = torch.utils.data.TensorDataset(torch.from_numpy(x[cut:]), torch.from_numpy(y[cut:]))
    return train, test


def evaluate(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
    return right / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--n", type=int, default=1500)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--lr", type=float, default=3e-3)
    args = p.parse_args()

    torch.manual_seed(args.seed)
    train, test = prepare(args)
    train_loader = torch.utils.data.DataLoader(train, batch_size=64, shuffle=True)
    test_loader = torch.utils.data.DataLoader(test, batch_size=256)
    model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 2))
    optim = torch.optim.Adam(model.parameters(), lr=args.lr)
    for _ in range(args.epochs):
        model.train()
        for x, y in train_loader:
            optim.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optim.step()
    print("train acc %.3f, test acc %.3f" % (evaluate(model, train_loader), evaluate(model, test_loader)))


if __name__ == "__main__":
    main()
