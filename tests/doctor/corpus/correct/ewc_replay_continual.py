"""Continual learning on permuted digits: EWC penalty from per-sample Fisher (vmap), plus a reservoir of old samples; accuracy matrix."""
import random

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.func import functional_call, grad, vmap


class Reservoir:
    def __init__(self, size, seed):
        self.size, self.seen, self.rows, self.rng = size, 0, [], random.Random(seed)

    def add(self, x, y):
        for row in zip(x, y):
            self.seen += 1
            if len(self.rows) < self.size:
                self.rows.append(row)
            elif (j := self.rng.randrange(self.seen)) < self.size:
                self.rows[j] = row

    def sample(self, n):
        xs, ys = zip(*self.rng.sample(self.rows, min(n, len(self.rows))))
        return torch.stack(xs), torch.stack(ys)


def fisher(model, x):
    """Diagonal of the true Fisher: labels drawn from the model, squared gradients per sample, then the mean."""
    params = {n: p.detach() for n, p in model.named_parameters()}
    with torch.no_grad():
        y = torch.distributions.Categorical(logits=model(x)).sample()

    def logp(p, xi, yi):
        return -F.cross_entropy(functional_call(model, p, (xi[None],)), yi[None])

    per_sample = vmap(grad(logp), in_dims=(None, 0, 0))(params, x, y)
    return {n: g.square().mean(0) for n, g in per_sample.items()}


class EWC:
    def __init__(self, strength):
        self.strength, self.terms = strength, []

    def remember(self, model, x):
        was = model.training
        model.eval()
        anchor = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.terms.append((anchor, fisher(model, x)))
        model.train(was)

    def __call__(self, model):
        out = torch.zeros(())  # constant for the first task
        for anchor, fish in self.terms:
            for n, p in model.named_parameters():
                out = out + (fish[n] * (p - anchor[n]).square()).sum()
        return 0.5 * self.strength * out


@torch.no_grad()
def acc(model, x, y):
    model.eval()
    a = (model(x).argmax(1) == y).float().mean().item()
    model.train()
    return a


def run(strategy, tasks, epochs=4):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
    ewc, memory = EWC(200.0), Reservoir(150, seed=0)
    matrix = []
    for t, (xt, yt, _, _) in enumerate(tasks):
        opt = torch.optim.Adam(model.parameters(), lr=2e-3)  # a new optimizer for each task, on purpose
        for _ in range(epochs):
            for rows in torch.randperm(len(xt)).split(64):
                loss = F.cross_entropy(model(xt[rows]), yt[rows])
                if strategy == "ewc":
                    loss = loss + ewc(model)
                if strategy == "replay" and t:
                    xm, ym = memory.sample(64)
                    loss = loss + F.cross_entropy(model(xm), ym)
                opt.zero_grad()
                loss.backward()
                opt.step()
        memory.add(xt, yt)
        ewc.remember(model, xt[:300])
        matrix.append([acc(model, xv, yv) for _, _, xv, yv in tasks])
    final = matrix[-1]
    forgetting = sum(matrix[i][i] - final[i] for i in range(len(tasks) - 1)) / (len(tasks) - 1)
    return sum(final) / len(final), forgetting


def main():
    X, y = load_digits(return_X_y=True)
    xt, xv, yt, yv = (torch.tensor(a) for a in train_test_split(X / 16, y, test_size=0.3, stratify=y, random_state=0))
    xt, xv = xt.float(), xv.float()
    g = torch.Generator().manual_seed(5)
    perms = [torch.arange(64)] + [torch.randperm(64, generator=g) for _ in range(2)]
    tasks = [(xt[:, p], yt, xv[:, p], yv) for p in perms]  # the same rows are held out in every task
    for strategy in ("plain", "ewc", "replay"):
        mean, forget = run(strategy, tasks)
        print(f"{strategy:7s} mean accuracy {mean:.3f} forgetting {forget:+.3f}")


if __name__ == "__main__":
    main()
