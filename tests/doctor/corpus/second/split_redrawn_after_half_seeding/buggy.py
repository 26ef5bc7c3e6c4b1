import random
import numpy as np
import torch
import torch.nn as nn


def seed_everything(seed):
    random.seed(seed)
    torch.manual_seed(seed)


def load():
    g = np.random.default_rng(99)
    x = g.normal(size=(300, 25)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] + 1.5 * g.normal(size=300) > 0).astype(np.int64)
    return x, y


def split(n, fraction=0.7):
    order = np.random.permutation(n)
    cut = int(fraction * n)
    return order[:cut], order[cut:]


def fit(lr=3e-3, epochs=40):
    x, y = load()
    train, _ = split(len(x))
    xt, yt = torch.from_numpy(x[train]), torch.from_numpy(y[train])
    model = nn.Sequential(nn.Linear(25, 64), nn.ReLU(), nn.Linear(64, 2))
    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(xt)).split(30):
            opt.zero_grad()
            nn.functional.cross_entropy(model(xt[idx]), yt[idx]).backward()
            opt.step()
    return model


@torch.no_grad()
def report(model):
    x, y = load()
    _, test = split(len(x))
    model.eval()
    pred = model(torch.from_numpy(x[test])).argmax(1).numpy()
    return float((pred == y[test]).mean())


seed_everything(7)
model = fit()
print("test accuracy", round(report(model), 4))
