# Random search with successive halving on validation data; the test part is opened once, at the end
import copy
import math
import random

import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

random.seed(13)
torch.manual_seed(13)

X, y = make_moons(1600, noise=0.25, random_state=13)
X_dev, X_test, y_dev, y_test = train_test_split(X, y, test_size=0.25, random_state=13)
X_train, X_val, y_train, y_val = train_test_split(X_dev, y_dev, test_size=0.3, random_state=13)
(X_train, X_val, X_test) = [torch.tensor(a, dtype=torch.float32) for a in (X_train, X_val, X_test)]
(y_train, y_val, y_test) = [torch.tensor(a, dtype=torch.float32) for a in (y_train, y_val, y_test)]


def sample_config():
    return {
        "lr": 10 ** random.uniform(-3.5, -1),
        "hidden": random.choice([8, 16, 32, 64]),
        "dropout": random.choice([0.0, 0.1, 0.3]),
        "wd": 10 ** random.uniform(-5, -2),
        "batch": random.choice([32, 64, 128]),
    }


class Trial:
    def __init__(self, number, cfg):
        self.number, self.cfg, self.epochs_done = number, cfg, 0
        h = cfg["hidden"]
        self.model = nn.Sequential(nn.Linear(2, h), nn.ReLU(), nn.Dropout(cfg["dropout"]),
                                   nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 1))
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=cfg["lr"], weight_decay=cfg["wd"])
        self.best_loss, self.best_state = math.inf, None

    def advance(self, epochs):
        """Continue this trial where it stopped (model and optimizer keep their state)."""
        for _ in range(epochs):
            self.model.train()
            for idx in torch.randperm(len(X_train)).split(self.cfg["batch"]):
                out = self.model(X_train[idx]).squeeze(1)
                loss = nn.functional.binary_cross_entropy_with_logits(out, y_train[idx])
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
            self.epochs_done += 1
            val_loss, _ = self.score(X_val, y_val)
            if val_loss < self.best_loss:
                self.best_loss = val_loss
                self.best_state = copy.deepcopy(self.model.state_dict())

    @torch.no_grad()
    def score(self, x, t):
        self.model.eval()
        out = self.model(x).squeeze(1)
        loss = nn.functional.binary_cross_entropy_with_logits(out, t)
        return loss.item(), ((out > 0).float() == t).float().mean().item()


trials = [Trial(i, sample_config()) for i in range(9)]
for rung, budget in enumerate([2, 4, 12]):
    for trial in trials:
        trial.advance(budget)
    trials.sort(key=lambda t: t.best_loss)
    print(f"rung {rung}: " + "  ".join(f"#{t.number} {t.best_loss:.3f}" for t in trials))
    if len(trials) > 1:
        trials = trials[:max(1, len(trials) // 3)]

winner = trials[0]
winner.model.load_state_dict(winner.best_state)
loss, acc = winner.score(X_test, y_test)
print("config", {k: round(v, 5) for k, v in winner.cfg.items()}, "epochs", winner.epochs_done)
print(f"test loss {loss:.4f} accuracy {acc:.3f}")
