"""Sharpness-aware minimisation: two backwards per step, weights moved and restored, BatchNorm statistics updated in the first pass only."""
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch import nn


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base, rho=0.05, **kw):
        super().__init__(params, dict(rho=rho, **kw))
        self.base = base(self.param_groups, **kw)
        self.param_groups = self.base.param_groups  # shared: schedulers on either see the same rates

    @torch.no_grad()
    def ascend(self):
        norm = torch.stack([p.grad.norm() for g in self.param_groups for p in g["params"] if p.grad is not None]).norm()
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                self.state[p]["old"] = p.clone()
                p.add_(p.grad, alpha=(g["rho"] / (norm + 1e-12)).item())

    @torch.no_grad()
    def descend(self):
        for g in self.param_groups:
            for p in g["params"]:
                if "old" in self.state[p]:
                    p.copy_(self.state[p].pop("old"))  # back to w, gradient still that of w + e
        self.base.step()

    def step(self, closure):
        """closure runs forward and backward at the moved weights."""
        self.ascend()
        self.zero_grad()
        with torch.enable_grad():
            loss = closure()
        self.descend()
        self.zero_grad()
        return loss


@contextmanager
def bn_stats_frozen(model):
    layers = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    saved = [m.momentum for m in layers]
    for m in layers:
        m.momentum = 0.0  # batch statistics are still used for normalising, only the running ones stay
    yield
    for m, v in zip(layers, saved):
        m.momentum = v


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    logits = model(x).squeeze(1)
    model.train()
    return {"loss": round(F.binary_cross_entropy_with_logits(logits, y).item(), 4), "acc": round(((logits > 0) == y.bool()).float().mean().item(), 4)}


def main(epochs=12):
    torch.manual_seed(0)
    X, y = load_breast_cancer(return_X_y=True)
    xt, xv, yt, yv = (torch.tensor(a, dtype=torch.float32) for a in train_test_split(X, y, test_size=0.25, stratify=y, random_state=0))
    mu, sd = xt.mean(0), xt.std(0)
    xt, xv = (xt - mu) / sd, (xv - mu) / sd
    model = nn.Sequential(nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))
    opt = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.05, momentum=0.9, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt.base, T_max=epochs)
    for epoch in range(epochs):
        for rows in torch.randperm(len(xt)).split(32):
            if len(rows) == 1:
                continue  # batch statistics need two samples
            xb, yb = xt[rows], yt[rows]

            def loss_and_grad():
                loss = F.binary_cross_entropy_with_logits(model(xb).squeeze(1), yb)
                loss.backward()
                return loss

            loss_and_grad()  # gradient at w, used for the ascent
            with bn_stats_frozen(model):
                opt.step(loss_and_grad)
        sched.step()
        if epoch % 4 == 3:
            print(f"epoch {epoch} lr {sched.get_last_lr()[0]:.4f} val {evaluate(model, xv, yv)}")


if __name__ == "__main__":
    main()
