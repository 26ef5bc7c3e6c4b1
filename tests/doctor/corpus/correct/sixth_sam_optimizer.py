"""Sharpness-aware minimisation: two backward passes per step, weights moved up and back, normalisation held still."""
import contextlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base_optimizer, rho=0.05, **kwargs):
        defaults = dict(rho=rho, **kwargs)
        super().__init__(params, defaults)
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)

    @torch.no_grad()
    def first_step(self):
        norm = self._grad_norm()
        for group in self.param_groups:
            scale = group["rho"] / (norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["old_p"] = p.detach().clone()
                p.add_(p.grad * scale)   # up the hill, on purpose

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.copy_(self.state[p].pop("old_p"))
        self.base_optimizer.step()

    @torch.no_grad()
    def step(self, closure):
        closure = torch.enable_grad()(closure)
        loss = closure(first=True)
        self.first_step()
        closure(first=False)
        self.second_step()
        return loss

    def _grad_norm(self):
        norms = [p.grad.norm() for g in self.param_groups for p in g["params"] if p.grad is not None]
        return torch.linalg.vector_norm(torch.stack(norms))


@contextlib.contextmanager
def frozen_running_stats(model):
    """The second pass uses batch statistics as well, but must not count twice in the running ones."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    saved = [m.momentum for m in norms]
    for m in norms:
        m.momentum = 0.0
    try:
        yield
    finally:
        for m, momentum in zip(norms, saved):
            m.momentum = momentum


def make_net():
    return nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def smooth_ce(logits, target, eps=0.1):
    """Label smoothing by hand: (1 - eps) on the class and eps spread over all classes."""
    logp = F.log_softmax(logits, dim=-1)
    picked = -logp.gather(1, target[:, None]).squeeze(1)
    return ((1 - eps) * picked + eps * -logp.mean(dim=-1)).mean()


def evaluate(model, X, y):
    model.eval()
    with torch.no_grad():
        logits = model(X)
        return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def run(kind, train, test, epochs=8):
    torch.manual_seed(3)
    model = make_net()
    kw = dict(lr=0.05, momentum=0.9, weight_decay=5e-4)
    opt = SAM(model.parameters(), torch.optim.SGD, rho=0.1, **kw) if kind == "sam" else torch.optim.SGD(model.parameters(), **kw)
    X, y = train
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(X)).split(50):
            if len(idx) < 2:
                continue

            def closure(first=True):
                opt.zero_grad()
                with contextlib.nullcontext() if first else frozen_running_stats(model):
                    loss = smooth_ce(model(X[idx]), y[idx])
                loss.backward()
                return loss.detach()

            if kind == "sam":
                loss = opt.step(closure)
            else:
                loss = closure()
                opt.step()
    return (loss.item(), *evaluate(model, *test))


if __name__ == "__main__":
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
    flip = torch.randperm(len(X))
    train, test = (X[flip[:800]], y[flip[:800]]), (X[flip[800:]], y[flip[800:]])
    assert torch.allclose(smooth_ce(torch.eye(10), torch.arange(10)),
                          F.cross_entropy(torch.eye(10), torch.arange(10), label_smoothing=0.1))
    for kind in ("sgd", "sam"):
        print("%s: last smoothed loss %.3f, test loss %.3f, test acc %.3f" % (kind, *run(kind, train, test)))
