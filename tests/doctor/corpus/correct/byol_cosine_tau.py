"""BYOL without negatives; the target's momentum rises to one along a cosine."""
import copy
import math

import torch
from torch import nn
import torch.nn.functional as F


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.BatchNorm1d(h), nn.ReLU(inplace=True), nn.Linear(h, o))


class BYOL(nn.Module):
    def __init__(self, dim, feat=32, proj=16):
        super().__init__()
        self.online = nn.ModuleDict({"enc": mlp(dim, 64, feat), "proj": mlp(feat, 64, proj)})
        self.predictor = mlp(proj, 32, proj)
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False

    @staticmethod
    def run(branch, x):
        return branch["proj"](branch["enc"](x))

    def forward(self, v1, v2):
        p1 = self.predictor(self.run(self.online, v1))
        p2 = self.predictor(self.run(self.online, v2))
        with torch.no_grad():  # the target stays in train mode: its batch norm uses the batch
            t1, t2 = self.run(self.target, v1), self.run(self.target, v2)
        loss = 2 - 2 * F.cosine_similarity(p1, t2, dim=1) + 2 - 2 * F.cosine_similarity(p2, t1, dim=1)
        return loss.mean()

    @torch.no_grad()
    def move_target(self, tau):
        for o, t in zip(self.online.parameters(), self.target.parameters()):
            t.mul_(tau).add_(o, alpha=1 - tau)


def view(x):
    return x * torch.bernoulli(torch.full_like(x, 0.8)) + 0.1 * torch.randn_like(x)


def knn_accuracy(f_tr, y_tr, f_te, y_te, k=5):
    sim = F.normalize(f_te, dim=1) @ F.normalize(f_tr, dim=1).T
    votes = y_tr[sim.topk(k, dim=1).indices]
    return (votes.mode(dim=1).values == y_te).double().mean().item()


def main():
    torch.manual_seed(7)
    dim, classes = 20, 4
    centres = 1.5 * torch.randn(classes, dim)
    y = torch.randint(classes, (1600,))
    x = centres[y] + torch.randn(1600, dim)
    (x_tr, x_te), (y_tr, y_te) = x.split([1200, 400]), y.split([1200, 400])

    model = BYOL(dim)
    trainable = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(trainable, lr=1e-3, weight_decay=1e-4)
    epochs, bs = 8, 100
    total, step = epochs * (len(x_tr) // bs), 0
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(x_tr)).split(bs):
            loss = model(view(x_tr[idx]), view(x_tr[idx]))
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            tau = 1 - (1 - 0.97) * (math.cos(math.pi * step / total) + 1) / 2
            model.move_target(tau)
            step += 1
        model.eval()
        with torch.no_grad():
            enc = model.online["enc"]
            acc = knn_accuracy(enc(x_tr), y_tr, enc(x_te), y_te)
        print(f"epoch {epoch} last loss {loss.item():.3f} tau {tau:.4f} knn {acc:.3f}")


if __name__ == "__main__":
    main()
