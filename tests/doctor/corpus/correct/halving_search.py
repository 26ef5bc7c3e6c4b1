"""Hyper-parameter search by successive halving. Trials keep their state and go on; the test set is used once."""
import json
import math
import random

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def draw(rng):
    return {"lr": 10 ** rng.uniform(-4, -1.3), "wd": 10 ** rng.uniform(-5, -1), "width": rng.choice([8, 16, 32]),
            "act": rng.choice(sorted(ACTIVATIONS)), "batch": rng.choice([16, 32, 64])}


class Trial:
    def __init__(self, number, config, n_in):
        self.number, self.config, self.epochs, self.history = number, config, 0, []
        torch.manual_seed(number)
        self.rng = torch.Generator().manual_seed(100 + number)
        self.net = nn.Sequential(nn.Linear(n_in, config["width"]), ACTIVATIONS[config["act"]](),
                                 nn.Linear(config["width"], 2))
        self.opt = torch.optim.AdamW(self.net.parameters(), lr=config["lr"], weight_decay=config["wd"])

    def advance(self, x, y, epochs):
        """Goes on where it stopped: weights, moments and the order generator are kept in the object."""
        self.net.train()
        for _ in range(epochs):
            for rows in torch.randperm(len(x), generator=self.rng).split(self.config["batch"]):
                self.opt.zero_grad()
                loss = nn.functional.cross_entropy(self.net(x[rows]), y[rows])
                loss.backward()
                self.opt.step()
            self.epochs += 1
        return self

    @torch.no_grad()
    def score(self, x, y):
        self.net.eval()
        value = nn.functional.cross_entropy(self.net(x), y).item()
        self.history.append((self.epochs, round(value, 5)))
        return value if math.isfinite(value) else math.inf


def scaled(reference, *others):
    m, s = reference.mean(0), reference.std(0)
    return [torch.tensor((o - m) / s, dtype=torch.float32) for o in (reference, *others)]


def main():
    x, y = load_breast_cancer(return_X_y=True)
    dev, test, y_dev, y_test = train_test_split(x, y, test_size=0.25, stratify=y, random_state=0)
    fit, val, y_fit, y_val = train_test_split(dev, y_dev, test_size=0.3, stratify=y_dev, random_state=0)
    xf, xv = scaled(fit, val)
    yf, yv = torch.tensor(y_fit), torch.tensor(y_val)

    rng = random.Random(1)
    alive = [Trial(i, draw(rng), x.shape[1]) for i in range(9)]
    budget = 2
    while True:
        for t in alive:
            t.advance(xf, yf, budget - t.epochs)
        ranking = sorted(alive, key=lambda t: t.score(xv, yv))
        print(f"after {budget:2d} epochs: " + ", ".join(f"#{t.number}:{t.history[-1][1]:.3f}" for t in ranking))
        if len(ranking) == 1:
            break
        alive, budget = ranking[:max(1, len(ranking) // 3)], budget * 3
    winner = ranking[0]
    print(json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in winner.config.items()}))

    # train anew on fit + validation, with a scale from both, for as many epochs as served the winner best
    epochs = min(winner.history, key=lambda item: item[1])[0]
    xd, xt = scaled(dev, test)
    final = Trial(winner.number, winner.config, x.shape[1]).advance(xd, torch.tensor(y_dev), epochs)
    final.net.eval()
    with torch.no_grad():
        p = final.net(xt).softmax(1)
    yt = torch.tensor(y_test)
    print(f"{epochs} epochs, test accuracy {(p.argmax(1) == yt).float().mean().item():.4f}, "
          f"log loss {nn.functional.nll_loss(p.clamp_min(1e-12).log(), yt).item():.4f}")


if __name__ == "__main__":
    main()
