"""Bayesian-looking regression: heteroscedastic Gaussian NLL, dropout left on at test time by intention."""
import math
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def truth(x):
    return np.sin(3 * x) + 0.3 * x


def simulate(n, rng, low=-2.0, high=2.0):
    x = rng.uniform(low, high, n)
    noise = 0.05 + 0.2 * np.abs(x) / 2
    return (torch.tensor(x, dtype=torch.float32).unsqueeze(1),
            torch.tensor(truth(x) + noise * rng.standard_normal(n), dtype=torch.float32).unsqueeze(1))


class Net(nn.Module):
    def __init__(self, h=96, p=0.05):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, h), nn.ReLU(), nn.Dropout(p), nn.Linear(h, h), nn.ReLU(), nn.Dropout(p))
        self.mean, self.log_var = nn.Linear(h, 1), nn.Linear(h, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.mean(h), self.log_var(h).clamp(-8, 4)


def nll(mean, log_var, y):
    return 0.5 * (log_var + (y - mean) ** 2 * torch.exp(-log_var) + math.log(2 * math.pi))


@contextmanager
def stochastic(model):
    """Evaluation mode, except for the dropout layers (Gal and Ghahramani, 2016)."""
    was = model.training
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()
    try:
        yield model
    finally:
        model.train(was)


@torch.no_grad()
def predict(model, x, samples=40):
    with stochastic(model):
        draws = [model(x) for _ in range(samples)]
    means = torch.stack([m for m, _ in draws])
    aleatoric = torch.stack([v.exp() for _, v in draws]).mean(0)
    return means.mean(0), aleatoric, means.var(0, unbiased=False)


def main():
    torch.manual_seed(14)
    rng = np.random.default_rng(14)
    train, val, test = simulate(900, rng), simulate(200, rng), simulate(400, rng)
    loader = DataLoader(TensorDataset(*train), batch_size=60, shuffle=True)
    model = Net()
    decay, rest = [], []
    for name, p in model.named_parameters():
        (decay if p.ndim > 1 else rest).append(p)
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 1e-3}, {"params": rest, "weight_decay": 0.0}], lr=4e-3)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, [20, 32], gamma=0.3)
    for epoch in range(40):
        model.train()
        for xb, yb in loader:
            mean, log_var = model(xb)
            # the mean first: the variance joins in once the fit is about right
            loss = (mean - yb).square().mean() if epoch < 4 else nll(mean, log_var, yb).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        if epoch % 10 == 9:
            model.eval()
            with torch.no_grad():
                m, v = model(val[0])
                print(f"epoch {epoch + 1}: val nll {nll(m, v, val[1]).mean().item():+.3f} rmse {(m - val[1]).square().mean().sqrt().item():.3f}")

    mean, aleatoric, epistemic = predict(model, test[0])
    z = (test[1] - mean) / (aleatoric + epistemic).sqrt()
    print(f"test rmse {(mean - test[1]).square().mean().sqrt().item():.3f}; inside 2 sigma {(z.abs() < 2).float().mean().item():.3f}")
    far = torch.tensor([[3.5], [-3.5]])
    print(f"epistemic sd: on the data {epistemic.sqrt().mean().item():.3f}, far away {predict(model, far)[2].sqrt().mean().item():.3f}")


if __name__ == "__main__":
    main()
