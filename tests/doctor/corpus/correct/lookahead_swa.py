"""Lookahead wrapper around SGD, then stochastic weight averaging with SWALR and a BatchNorm refresh over training data."""
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset


class Lookahead:
    """k fast steps, then slow <- slow + alpha (fast - slow), fast <- slow. Fast optimizer state (momentum) is kept."""

    def __init__(self, fast, k=5, alpha=0.5):
        self.fast, self.k, self.alpha, self.count = fast, k, alpha, 0
        self.slow = [[p.detach().clone() for p in g["params"]] for g in fast.param_groups]

    def zero_grad(self):
        self.fast.zero_grad()

    def step(self):
        self.fast.step()
        self.count += 1
        if self.count % self.k == 0:
            self.sync()

    @torch.no_grad()
    def sync(self):
        for g, slow in zip(self.fast.param_groups, self.slow):
            for p, s in zip(g["params"], slow):
                s.lerp_(p, self.alpha)
                p.copy_(s)


def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        right = sum(int((net(x).argmax(1) == y).sum()) for x, y in loader)
    return right / len(loader.dataset)


def main(epochs=10, swa_from=6):
    torch.manual_seed(4)
    X, y = load_digits(return_X_y=True)
    xr, xs, yr, ys = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    xt, xv, yt, yv = train_test_split(xr, yr, test_size=0.2, stratify=yr, random_state=0)
    make = lambda a, b: TensorDataset(torch.tensor(a / 16.0, dtype=torch.float32), torch.tensor(b))
    train = DataLoader(make(xt, yt), 64, shuffle=True, drop_last=True)
    val, test = DataLoader(make(xv, yv), 256), DataLoader(make(xs, ys), 256)
    net = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 10))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    opt = Lookahead(sgd)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=swa_from, eta_min=0.02)
    swa_lr = SWALR(sgd, swa_lr=0.03, anneal_epochs=1)
    averaged = AveragedModel(net)
    for epoch in range(epochs):
        net.train()
        for x, t in train:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), t, label_smoothing=0.05)
            loss.backward()
            opt.step()
        if epoch < swa_from:
            cosine.step()
        else:
            averaged.update_parameters(net)
            swa_lr.step()
        print(f"epoch {epoch} lr {sgd.param_groups[0]['lr']:.3f} val {accuracy(net, val):.3f}")
    # averaged weights have no valid running statistics: recompute them from training batches, never from val or test
    update_bn(train, averaged)
    print(f"swa val {accuracy(averaged, val):.3f}")
    chosen = max((net, averaged), key=lambda m: accuracy(m, val))
    print(f"test of the one chosen on val ({type(chosen).__name__}): {accuracy(chosen, test):.3f}")


if __name__ == "__main__":
    main()
