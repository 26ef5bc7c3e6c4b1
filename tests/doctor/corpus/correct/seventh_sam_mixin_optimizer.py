"""Sharpness-aware minimisation as an optimizer wrapper; two backward passes a step, mixins for logging and stopping."""
import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base, rho=0.05, **kw):
        super().__init__(params, dict(rho=rho, **kw))
        self.base = base(self.param_groups, **kw)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def step(self, closure):
        closure = torch.enable_grad()(closure)
        loss = closure()
        params = [(p, g["rho"]) for g in self.param_groups for p in g["params"] if p.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack([p.grad.norm() for p, _ in params]))
        old = []
        for p, rho in params:
            e = p.grad * (rho / (norm + 1e-12))
            old.append(p.clone())
            p.add_(e)
        closure()                               # gradient at the perturbed point
        for (p, _), before in zip(params, old):
            p.copy_(before)
        self.base.step()
        return loss


class History:
    def __init__(self, **kw):
        super().__init__(**kw)
        self.rows = []

    def epoch_end(self, **metrics):
        self.rows.append(metrics)
        super().epoch_end(**metrics)


class BestKeeper:
    def __init__(self, patience=5, **kw):
        super().__init__(**kw)
        self.patience, self.best, self.kept, self.wait = patience, float("inf"), None, 0

    def epoch_end(self, **metrics):
        if metrics["val"] < self.best:
            self.best, self.kept, self.wait = metrics["val"], copy.deepcopy(self.model.state_dict()), 0
        else:
            self.wait += 1
            self.stop = self.wait >= self.patience
        super().epoch_end(**metrics)

    def fit_end(self):
        self.model.load_state_dict(self.kept)
        super().fit_end()


class Core:
    def __init__(self, model, opt):
        self.model, self.opt, self.stop = model, opt, False

    def epoch_end(self, **metrics):
        pass

    def fit_end(self):
        self.model.eval()

    def fit(self, train, val, epochs):
        for epoch in range(epochs):
            self.model.train()
            total = n = 0
            for x, y in train:
                def closure():
                    self.opt.zero_grad()
                    loss = nn.functional.cross_entropy(self.model(x), y)
                    loss.backward()
                    return loss
                total += self.opt.step(closure).item() * len(y)
                n += len(y)
            self.epoch_end(epoch=epoch, train=total / n, val=self.evaluate(val)[0])
            if self.stop:
                break
        self.fit_end()
        return self

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        loss = hit = n = 0
        for x, y in loader:
            out = self.model(x)
            loss += nn.functional.cross_entropy(out, y, reduction="sum").item()
            hit += (out.argmax(-1) == y).sum().item()
            n += len(y)
        return loss / n, hit / n


class Learner(History, BestKeeper, Core):
    """Order of the bases: the history writes first, then the keeper decides."""


def main():
    torch.manual_seed(0)
    w = torch.randn(15, 40)
    v = torch.randn(40, 3)
    x = torch.randn(1100, 15)
    y = (torch.relu(x @ w) @ v).argmax(1)
    flip = torch.rand(500) < 0.15               # noisy labels in training only
    y[:500][flip] = torch.randint(0, 3, (int(flip.sum()),))
    parts = [DataLoader(TensorDataset(x[a:b], y[a:b]), 50, shuffle=s) for a, b, s in
             ((0, 500, True), (500, 750, False), (750, 1100, False))]
    for name, rho in (("plain", 0.0), ("sam", 0.1)):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 3))
        opt = SAM(model.parameters(), torch.optim.SGD, rho=rho, lr=0.1, momentum=0.9)
        learner = Learner(model=model, opt=opt).fit(parts[0], parts[1], 20)
        loss, acc = learner.evaluate(parts[2])
        print(f"{name:5s} {len(learner.rows)} epochs, best val {learner.best:.3f}, test loss {loss:.3f} acc {acc:.3f}")


if __name__ == "__main__":
    main()
