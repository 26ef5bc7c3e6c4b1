from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_breast_cancer


@dataclass(frozen=True)
class Settings:
    hidden: int = 16
    out_act: str = "sigmoid"
    loss: str = "bce_logits"
    lr: float = 5e-3
    epochs: int = 15
    batch: int = 32
    threshold: float = 0.5


ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "none": nn.Identity}
LOSSES = {"bce": nn.BCELoss, "bce_logits": nn.BCEWithLogitsLoss, "mse": nn.MSELoss}


def make_net(n_in: int, s: Settings) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, s.hidden),
        nn.ReLU(),
        nn.Linear(s.hidden, 1),
        ACTIVATIONS[s.out_act](),
        nn.Flatten(start_dim=0),
    )


def prepare(rng: np.random.Generator):
    x, y = load_breast_cancer(return_X_y=True)
    order = rng.permutation(len(x))
    train, test = order[:420], order[420:]
    mu, sd = x[train].mean(0), x[train].std(0)
    x = (x - mu) / sd
    pick = lambda i: (torch.from_numpy(x[i]).float(), torch.from_numpy(y[i]).float())
    return pick(train), pick(test)


def fit(net, data, s: Settings):
    x, y = data
    criterion = LOSSES[s.loss]()
    optimizer = torch.optim.Adam(net.parameters(), lr=s.lr)
    net.train()
    for epoch in range(s.epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(s.batch):
            optimizer.zero_grad()
            loss = criterion(net(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch + 1:2d}  loss {total / len(x):.4f}")


def report(net, data, s: Settings):
    x, y = data
    net.eval()
    with torch.no_grad():
        said = (net(x) > s.threshold).float()
    print("test accuracy", (said == y).float().mean().item())


settings = Settings()
torch.manual_seed(0)
train, test = prepare(np.random.default_rng(0))
net = make_net(train[0].shape[1], settings)
fit(net, train, settings)
report(net, test, settings)
