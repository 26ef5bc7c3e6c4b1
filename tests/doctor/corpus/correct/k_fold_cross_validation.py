import numpy as np
import torch
from torch import nn


def make_model():
    return nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 2))


def fit(model, x, y, epochs=5):
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(epochs):
        for i in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x[i]), y[i]).backward()
            opt.step()


def main():
    torch.manual_seed(76)
    rng = np.random.default_rng(76)
    x = torch.randn(300, 6) * 3 + 1
    y = (x[:, 0] > x[:, 1]).long()
    scores = []
    for fold in np.array_split(rng.permutation(300), 5):
        mask = torch.ones(300, dtype=torch.bool)
        mask[fold] = False
        mean, std = x[mask].mean(0), x[mask].std(0)
        model = make_model()
        fit(model, (x[mask] - mean) / std, y[mask])
        model.eval()
        with torch.no_grad():
            pred = model((x[~mask] - mean) / std).argmax(1)
        scores.append((pred == y[~mask]).float().mean().item())
    print(f"{np.mean(scores):.3f} +- {np.std(scores):.3f}")


main()
