"""Sharpness-aware minimisation with an explicit two-pass step; BatchNorm statistics updated once per batch."""
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SAM:
    def __init__(self, base, rho=0.05):
        self.base, self.rho = base, rho
        self.backup = {}

    def _params(self):
        return [p for g in self.base.param_groups for p in g["params"] if p.grad is not None]

    @torch.no_grad()
    def ascend(self):
        ps = self._params()
        norm = torch.stack([p.grad.norm() for p in ps]).norm()
        for p in ps:
            self.backup[p] = p.detach().clone()
            p.add_(p.grad, alpha=float(self.rho / (norm + 1e-12)))

    @torch.no_grad()
    def descend(self):
        for p, old in self.backup.items():
            p.copy_(old)
        self.backup.clear()
        self.base.step()  # original point, gradient from the perturbed point

    def zero_grad(self):
        self.base.zero_grad()


@contextmanager
def frozen_bn_stats(model):
    bns = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    saved = [m.track_running_stats for m in bns]
    for m in bns:
        m.track_running_stats = False  # batch statistics are still used for normalisation in train mode
    try:
        yield
    finally:
        for m, s in zip(bns, saved):
            m.track_running_stats = s


def main():
    torch.manual_seed(28)
    X, y = load_digits(return_X_y=True)
    x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
    ids_tr, ids_te = train_test_split(range(len(y)), test_size=0.25, stratify=y, random_state=28)
    loader = DataLoader(TensorDataset(x[ids_tr], t[ids_tr]), batch_size=64, shuffle=True)
    net = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    sam = SAM(torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9), rho=0.05)
    epochs = 8
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(sam.base, T_max=epochs)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for xb, yb in loader:
            sam.zero_grad()
            loss = F.cross_entropy(net(xb), yb)
            loss.backward()
            sam.ascend()
            sam.zero_grad()
            with frozen_bn_stats(net):
                F.cross_entropy(net(xb), yb).backward()
            sam.descend()
            total += loss.item() * len(yb)
        sched.step()
        print(f"epoch {epoch + 1}: train loss {total / len(ids_tr):.4f}")
    net.eval()
    with torch.no_grad():
        acc = (net(x[ids_te]).argmax(1) == t[ids_te]).float().mean().item()
    print(f"test acc {acc:.4f}")


if __name__ == "__main__":
    main()
