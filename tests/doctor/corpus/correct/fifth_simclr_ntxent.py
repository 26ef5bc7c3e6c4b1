"""SimCLR: NT-Xent over 2N views (samples interact by design), linear probe on frozen features fitted after pre-training."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


def augment(x):
    """Per-sample shift by at most one pixel, noise and pixel dropout; drawn anew on each call."""
    n = len(x)
    padded = F.pad(x.view(n, 1, 8, 8), (1, 1, 1, 1))
    dy, dx = torch.randint(3, (n,)), torch.randint(3, (n,))
    rows = dy[:, None, None] + torch.arange(8)[None, :, None]
    cols = dx[:, None, None] + torch.arange(8)[None, None, :]
    out = padded[torch.arange(n)[:, None, None], 0, rows, cols].flatten(1)
    keep = (torch.rand_like(out) > 0.15).float()
    return (out + 0.05 * torch.randn_like(out)) * keep


def nt_xent(z, tau):
    """z holds view 1 of all samples, then view 2; the positive of row i is row i + N (mod 2N)."""
    z = F.normalize(z, dim=1)
    n2 = len(z)
    sim = z @ z.T / tau
    sim.fill_diagonal_(-math.inf)  # a sample is not its own candidate; exp(-inf) = 0
    target = (torch.arange(n2) + n2 // 2) % n2
    return F.cross_entropy(sim, target)


class SimCLR(nn.Module):
    def __init__(self, d=64, h=96, p=32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(d, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, h), nn.ReLU())
        self.projector = nn.Sequential(nn.Linear(h, h), nn.ReLU(), nn.Linear(h, p, bias=False))

    def forward(self, x):
        return self.projector(self.encoder(x))


def decay_groups(model, wd):
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]  # biases and norm gains
    return [{"params": decay, "weight_decay": wd}, {"params": plain, "weight_decay": 0.0}]


@torch.no_grad()
def features(model, x):
    model.eval()
    return model.encoder(x).numpy()  # the projector is thrown away after pre-training


def probe(model, xt, yt, xv, yv):
    clf = LogisticRegression(max_iter=200).fit(features(model, xt), yt)
    return clf.score(features(model, xv), yv)


def main(epochs=8, batch=256, lr=3e-3, tau=0.3):
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    xt, xv, yt, yv = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
    xt, xv = (torch.tensor(a / 16.0, dtype=torch.float32) for a in (xt, xv))  # pixels lie in 0..16: a constant, not a statistic
    model = SimCLR()
    opt = torch.optim.AdamW(decay_groups(model, 1e-3), lr=lr)
    spe = len(xt) // batch
    warm = spe
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: min((s + 1) / warm, 0.5 * (1 + math.cos(math.pi * s / (epochs * spe)))))
    print(f"chance level of the loss: log(2N-1) = {math.log(2 * batch - 1):.3f}; random encoder probe {probe(model, xt, yt, xv, yv):.3f}")
    for epoch in range(epochs):
        model.train()
        order, total = torch.randperm(len(xt)), 0.0
        for b in range(spe):  # full batches only: the loss depends on the number of negatives
            x = xt[order[b * batch:(b + 1) * batch]]
            loss = nt_xent(model(torch.cat([augment(x), augment(x)])), tau)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / spe:.3f}")
    print(f"linear probe on held-out digits {probe(model, xt, yt, xv, yv):.3f}")


if __name__ == "__main__":
    main()
