"""BYOL: no negatives, a target network that only follows, a predictor on one side; k-NN score of the features."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h, bias=False), nn.BatchNorm1d(h), nn.ReLU(inplace=True), nn.Linear(h, o))


class BYOL(nn.Module):
    def __init__(self, tau=0.97):
        super().__init__()
        self.tau_base = self.tau = tau
        backbone = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64))
        self.online = nn.ModuleDict({"backbone": backbone, "projector": mlp(64, 64, 32)})
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False
        self.predictor = mlp(32, 64, 32)

    @staticmethod
    def embed(net, x):
        return net["projector"](net["backbone"](x))

    def forward(self, a, b):
        pa, pb = self.predictor(self.embed(self.online, a)), self.predictor(self.embed(self.online, b))
        with torch.no_grad():
            ta, tb = self.embed(self.target, a), self.embed(self.target, b)
        return self.regress(pa, tb) + self.regress(pb, ta)

    @staticmethod
    def regress(p, t):
        return 2 - 2 * F.cosine_similarity(p, t, dim=-1).mean()

    @torch.no_grad()
    def follow(self, progress):
        self.tau = 1 - (1 - self.tau_base) * (math.cos(math.pi * progress) + 1) / 2
        for o, t in zip(self.online.parameters(), self.target.parameters()):
            t.data = self.tau * t.data + (1 - self.tau) * o.data


def augment(x):
    img = x.view(-1, 8, 8)
    shift = torch.randint(-1, 2, (2,)).tolist()
    img = F.pad(img, (1, 1, 1, 1))[:, 1 + shift[0]:9 + shift[0], 1 + shift[1]:9 + shift[1]]
    keep = (torch.rand_like(img) > 0.1).float()
    gain = 0.7 + 0.6 * torch.rand(len(img), 1, 1)
    return (img * keep * gain).flatten(1) + 0.05 * torch.randn_like(x)


@torch.no_grad()
def knn_accuracy(model, train, test, k=5):
    model.eval()
    f = lambda x: F.normalize(model.online["backbone"](x), dim=1)
    near = (f(test[0]) @ f(train[0]).T).topk(k, dim=1).indices
    return (train[1][near].mode(dim=1).values == test[1]).float().mean().item()


@torch.no_grad()
def spread(model, x):
    """Standard deviation of unit features; it would be zero after a collapse."""
    model.eval()
    return F.normalize(BYOL.embed(model.online, x), dim=1).std(0).mean().item()


if __name__ == "__main__":
    torch.manual_seed(19)
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
    order = torch.randperm(len(X))
    train, test = (X[order[:1400]], y[order[:1400]]), (X[order[1400:]], y[order[1400:]])
    model = BYOL()
    opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3, weight_decay=1e-4)
    epochs, batch = 12, 200
    steps, step = epochs * (len(train[0]) // batch), 0
    print(f"before: knn {knn_accuracy(model, train, test):.3f}")
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(train[0])).split(batch):
            x = train[0][idx]
            loss = model(augment(x), augment(x))
            opt.zero_grad()
            loss.backward()
            opt.step()
            step += 1
            model.follow(step / steps)
            total += loss.item() * len(idx)
        if epoch % 3 == 2:
            print(f"epoch {epoch} loss {total / len(train[0]):.3f} tau {model.tau:.4f} spread {spread(model, test[0]):.3f}")
    print(f"after: knn {knn_accuracy(model, train, test):.3f}")
