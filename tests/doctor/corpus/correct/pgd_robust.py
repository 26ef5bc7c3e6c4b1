"""Adversarial training: the attack needs gradients with respect to pictures, in evaluation as well."""
import contextlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


@contextlib.contextmanager
def evaluating(model):
    mode = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(mode)


class LInfPGD:
    def __init__(self, eps=0.15, step=0.05, iters=4):
        self.eps, self.step, self.iters = eps, step, iters

    def __call__(self, model, x, y):
        delta = torch.empty_like(x).uniform_(-self.eps, self.eps)
        with evaluating(model):                      # fixed normalisation, no dropout while attacking
            for _ in range(self.iters):
                delta.requires_grad_(True)
                loss = F.cross_entropy(model((x + delta).clamp(0, 1)), y, reduction="sum")
                (g,) = torch.autograd.grad(loss, delta)   # the model's own .grad is left alone
                delta = (delta.detach() + self.step * g.sign()).clamp(-self.eps, self.eps)   # uphill
        return (x + delta).clamp(0, 1)


def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Dropout(0.1),
                         nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, 10))


def accuracy(model, x, y, attack=None):
    model.eval()
    hits = 0
    for xb, yb in zip(x.split(200), y.split(200)):
        if attack is not None:
            xb = attack(model, xb, yb)
        with torch.no_grad():
            hits += (model(xb).argmax(1) == yb).sum().item()
    return hits / len(x)


def train(x, y, attack=None, epochs=8):
    torch.manual_seed(0)
    model = net()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=2e-4)
    per_epoch = -(-len(x) // 100)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: max(0.0, 1 - s / (epochs * per_epoch)))
    average = None
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(100):
            xb, yb = x[idx], y[idx]
            if attack is not None:
                xb = attack(model, xb, yb)
            loss = F.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            average = loss.item() if average is None else 0.9 * average + 0.1 * loss.item()
        if epoch % 4 == 3:
            print(f"  epoch {epoch} smoothed loss {average:.3f} lr {sched.get_last_lr()[0]:.4f}")
    return model


def main():
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16, torch.tensor(y)
    order = torch.randperm(len(X))
    tr, te = order[:1300], order[1300:]
    strong = LInfPGD(iters=12, step=0.03)
    for name, attack in (("plain", None), ("adversarial", LInfPGD())):
        print(name, "training")
        model = train(X[tr], y[tr], attack)
        print(f"  clean {accuracy(model, X[te], y[te]):.3f}  under attack {accuracy(model, X[te], y[te], strong):.3f}")


if __name__ == "__main__":
    main()
