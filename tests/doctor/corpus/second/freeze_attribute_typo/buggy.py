import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return F.relu(self.conv2(x)).mean((2, 3))


class Classifier(nn.Module):
    def __init__(self, body, k):
        super().__init__()
        self.body = body
        self.fc = nn.Linear(24, k)

    def forward(self, x):
        return self.fc(self.body(x))


def freeze(module):
    for p in module.parameters():
        p.require_grad = False


def run(model, x, y, epochs, lr):
    opt = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=lr)
    model.train()
    for _ in range(epochs):
        for i in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(model(x[i]), y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return model


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(17)
    d = load_digits()
    x = torch.tensor(d.images).float().unsqueeze(1) / 16
    y = torch.tensor(d.target)
    low, high = y < 5, y >= 5
    source = run(Classifier(Body(), 5), x[low], y[low], 12, 5e-3)
    xs, ys = x[high], y[high] - 5
    p = torch.randperm(len(xs))
    few, rest = p[:40], p[40:]
    target = Classifier(copy.deepcopy(source.body), 5)
    freeze(target.body)
    run(target, xs[few], ys[few], 40, 2e-2)
    print("transfer accuracy", accuracy(target, xs[rest], ys[rest]))
    old = Classifier(target.body, 5)
    old.fc = source.fc
    print("source task (training rows) with the shared body", accuracy(old, x[low], y[low]))


main()
