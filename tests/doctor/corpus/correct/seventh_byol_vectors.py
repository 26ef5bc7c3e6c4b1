"""BYOL (Grill et al. 2020) on synthetic vectors with nuisance dimensions."""
import copy
import math

import torch
from torch import nn
import torch.nn.functional as F


def MLP(d_in, d_hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.BatchNorm1d(d_hidden), nn.ReLU(inplace=True),
                         nn.Linear(d_hidden, d_out))


class EMA:
    def __init__(self, beta):
        self.beta = beta

    def update_average(self, old, new):
        return old * self.beta + (1 - self.beta) * new


def update_moving_average(ema_updater, ma_model, current_model):
    for cur, ma in zip(current_model.parameters(), ma_model.parameters()):
        ma.data = ema_updater.update_average(ma.data, cur.data)


def loss_fn(x, y):
    x, y = F.normalize(x, dim=-1, p=2), F.normalize(y, dim=-1, p=2)
    return 2 - 2 * (x * y).sum(dim=-1)


class BYOL(nn.Module):
    def __init__(self, dim, hidden=64, proj=32, tau=0.97):
        super().__init__()
        self.online = nn.ModuleDict({"encoder": MLP(dim, hidden, hidden), "projector": MLP(hidden, hidden, proj)})
        self.predictor = MLP(proj, hidden, proj)
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False
        self.base_tau, self.ema = tau, EMA(tau)

    def set_progress(self, r):
        self.ema.beta = 1 - (1 - self.base_tau) * (math.cos(math.pi * r) + 1) / 2

    def step_target(self):
        update_moving_average(self.ema, self.target, self.online)

    @staticmethod
    def _through(net, x):
        return net["projector"](net["encoder"](x))

    def forward(self, a, b):
        pa, pb = (self.predictor(self._through(self.online, v)) for v in (a, b))
        with torch.no_grad():
            ta, tb = (self._through(self.target, v).detach() for v in (a, b))
        return (loss_fn(pa, tb) + loss_fn(pb, ta)).mean()


def make_data(n, g):
    """8 classes on 12 informative dimensions, 20 dimensions of noise"""
    gc = torch.Generator().manual_seed(100)
    centres = 2.0 * torch.randn(8, 12, generator=gc)
    y = torch.randint(0, 8, (n,), generator=g)
    x = torch.cat([centres[y] + torch.randn(n, 12, generator=g), torch.randn(n, 20, generator=g)], 1)
    return x, y


def view(x):
    """new nuisance noise, jitter, and a few inputs dropped"""
    out = x.clone()
    out[:, 12:] = torch.randn_like(out[:, 12:])
    out = out + 0.4 * torch.randn_like(out)
    return out * (torch.rand_like(out) > 0.1)


@torch.no_grad()
def knn_accuracy(encoder, xtr, ytr, xte, yte, k=5):
    was = encoder.training
    encoder.eval()
    a, b = F.normalize(encoder(xtr), dim=1), F.normalize(encoder(xte), dim=1)
    encoder.train(was)
    vote = F.one_hot(ytr[(b @ a.t()).topk(k, dim=1).indices], 8).sum(1)
    return (vote.argmax(1) == yte).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    xtr, ytr = make_data(1024, torch.Generator().manual_seed(1))
    xte, yte = make_data(512, torch.Generator().manual_seed(2))
    learner = BYOL(xtr.size(1))
    opt = torch.optim.Adam((p for p in learner.parameters() if p.requires_grad), lr=1e-3, weight_decay=1e-6)
    print(f"kNN before {knn_accuracy(learner.online['encoder'], xtr, ytr, xte, yte):.3f}")
    epochs, bs = 15, 128
    per_epoch = len(xtr) // bs
    for ep in range(epochs):
        learner.train()
        tot = 0.0
        for i, idx in enumerate(torch.randperm(len(xtr)).split(bs)):
            x = xtr[idx]
            loss = learner(view(x), view(x))
            opt.zero_grad()
            loss.backward()
            opt.step()
            learner.set_progress((ep * per_epoch + i) / (epochs * per_epoch))
            learner.step_target()
            tot += loss.item() * len(idx)
        if ep % 5 == 4:
            with torch.no_grad():
                learner.eval()
                spread = F.normalize(learner.online["encoder"](xte), dim=1).std(0).mean().item()
            print(f"epoch {ep + 1}: loss {tot / len(xtr):.3f} tau {learner.ema.beta:.4f} feature spread {spread:.4f}")
    print(f"kNN after  {knn_accuracy(learner.online['encoder'], xtr, ytr, xte, yte):.3f}")
