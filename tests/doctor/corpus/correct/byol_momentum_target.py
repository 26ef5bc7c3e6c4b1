"""BYOL: no negatives, predictor on the online side only, target network by EMA with rising momentum, symmetric loss."""
import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedShuffleSplit
from torch import nn


def head(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, o))


class BYOL(nn.Module):
    def __init__(self, d, h=64, p=16):
        super().__init__()
        self.online = nn.ModuleDict({"enc": head(d, h, h), "proj": head(h, h, p)})
        self.predictor = head(p, h, p)
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    @staticmethod
    def embed(side, x):
        return side["proj"](side["enc"](x))

    def forward(self, v1, v2):
        p1, p2 = (self.predictor(self.embed(self.online, v)) for v in (v1, v2))
        with torch.no_grad():  # stop-gradient; the target stays in train mode so that its BatchNorm uses batch statistics
            t1, t2 = (self.embed(self.target, v) for v in (v1, v2))
        return regress(p1, t2) + regress(p2, t1)

    @torch.no_grad()
    def momentum_step(self, m):
        for pt, po in zip(self.target.parameters(), self.online.parameters()):
            pt.mul_(m).add_(po, alpha=1 - m)


def regress(p, t):
    return (2 - 2 * F.cosine_similarity(p, t, dim=-1)).mean()


def view(x):
    mask = (torch.rand_like(x) > 0.2).float()
    return x * mask + 0.2 * torch.randn_like(x)


def knn_accuracy(bank, labels, queries, truth, k=7):
    sim = F.normalize(queries, dim=1) @ F.normalize(bank, dim=1).T
    votes = labels[sim.topk(k, dim=1).indices]
    return (votes.mode(dim=1).values == truth).float().mean().item()


@torch.inference_mode()
def evaluate(model, xt, yt, xv, yv):
    model.eval()
    enc = model.online["enc"]
    z = enc(xv)
    out = {"knn": round(knn_accuracy(enc(xt), yt, z, yv), 3), "spread": round(F.normalize(z, dim=1).std(0).mean().item(), 4)}
    model.train()
    return out


def main(epochs=40, batch=41, base_m=0.97):
    torch.manual_seed(0)
    X, y = load_wine(return_X_y=True)
    tr, va = next(StratifiedShuffleSplit(1, test_size=0.3, random_state=0).split(X, y))
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    mu, sd = X[tr].mean(0), X[tr].std(0)
    xt, xv = (X[tr] - mu) / sd, (X[va] - mu) / sd
    model = BYOL(X.size(1))
    # only what learns by gradient goes to the optimizer; the target moves by momentum_step
    opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3, weight_decay=1e-4)
    steps = epochs * (len(xt) // batch)
    done = 0
    for epoch in range(epochs):
        running, n = 0.0, 0
        for rows in torch.randperm(len(xt)).split(batch):
            if len(rows) < batch:
                continue  # BatchNorm on a remainder of one sample would fail; the order is new each epoch
            x = xt[rows]
            loss = model(view(x), view(x))
            opt.zero_grad()
            loss.backward()
            opt.step()
            done += 1
            model.momentum_step(1 - (1 - base_m) * (math.cos(math.pi * done / steps) + 1) / 2)
            running, n = running + loss.item(), n + 1
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1} loss {running / n:.3f} {evaluate(model, xt, y[tr], xv, y[va])}")


if __name__ == "__main__":
    main()
