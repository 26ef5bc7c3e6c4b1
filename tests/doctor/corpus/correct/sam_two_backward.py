"""Sharpness-aware minimisation: two backward passes for each update; batch-norm statistics move on the first only."""
import contextlib

import torch
from sklearn.datasets import make_gaussian_quantiles
from sklearn.model_selection import train_test_split
from torch import nn


class SAM:
    """Climb to w + e, take the gradient there, come back to w, and let the base optimiser step with it."""

    def __init__(self, params, base, rho=0.05, **kw):
        self.params = list(params)
        self.base = base(self.params, **kw)
        self.rho = rho

    def zero_grad(self):
        self.base.zero_grad()

    @torch.no_grad()
    def climb(self):
        norm = torch.norm(torch.stack([p.grad.norm() for p in self.params]))
        self.saved = [p.clone() for p in self.params]
        for p in self.params:
            p.add_(p.grad, alpha=(self.rho / (norm + 1e-12)).item())

    @torch.no_grad()
    def descend(self):
        for p, old in zip(self.params, self.saved):
            p.copy_(old)                    # before the step: the update starts from the original weights
        self.base.step()


@contextlib.contextmanager
def frozen_running_stats(model):
    """Batch norm still uses the batch's own statistics, but does not add them to the running ones again."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [m.momentum for m in norms]
    for m in norms:
        m.momentum = 0.0
    try:
        yield
    finally:
        for m, value in zip(norms, momenta):
            m.momentum = value


def net():
    return nn.Sequential(nn.Linear(5, 40), nn.BatchNorm1d(40), nn.ReLU(),
                         nn.Linear(40, 40), nn.BatchNorm1d(40), nn.ReLU(), nn.Linear(40, 3))


def main():
    torch.manual_seed(2)
    x, y = make_gaussian_quantiles(n_samples=1200, n_features=5, n_classes=3, random_state=2)
    x, xt, y, yt = (torch.as_tensor(v) for v in train_test_split(x, y, test_size=0.33, random_state=2, stratify=y))
    x, xt = x.float(), xt.float()
    model, loss_fn = net(), nn.CrossEntropyLoss()
    opt = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.05, momentum=0.9)
    for epoch in range(8):
        model.train()
        flat = sharp = 0.0
        for rows in torch.randperm(len(x)).split(67):          # 804 rows = 12 x 67
            xb, yb = x[rows], y[rows]
            opt.zero_grad()
            first = loss_fn(model(xb), yb)
            first.backward()
            opt.climb()
            opt.zero_grad()                                    # the first gradient has done its work
            with frozen_running_stats(model):
                second = loss_fn(model(xb), yb)
                second.backward()
            opt.descend()
            flat += first.item() * len(rows)
            sharp += (second.item() - first.item()) * len(rows)
        print(f"epoch {epoch}: loss {flat / len(x):.4f}, rise at the neighbour {sharp / len(x):.4f}")
    assert all(m.momentum == 0.1 for m in model.modules() if isinstance(m, nn.BatchNorm1d))
    model.eval()
    with torch.no_grad():
        print(f"test accuracy {(model(xt).argmax(1) == yt).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
