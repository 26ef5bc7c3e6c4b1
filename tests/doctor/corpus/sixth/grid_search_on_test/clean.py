import itertools

import torch
from torch import nn


def draw(n):
    x = torch.randn(n, 25)
    y = (x[:, 0] - x[:, 1] + 0.5 * x[:, 2] * x[:, 3] + 1.2 * torch.randn(n) > 0).long()
    return x, y


def build(width, dropout):
    return nn.Sequential(nn.Linear(25, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 2))


def train(net, x, y, lr, epochs=12):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(25):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()
    return net


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(19)
    x_tr, y_tr = draw(300)
    x_va, y_va = draw(100)
    x_te, y_te = draw(100)
    grid = {"width": [8, 32, 96], "dropout": [0.0, 0.3], "lr": [1e-3, 5e-3]}

    best, best_acc, best_setting = None, -1.0, None
    for width, dropout, lr in itertools.product(*grid.values()):
        net = train(build(width, dropout), x_tr, y_tr, lr)
        acc = accuracy(net, x_va, y_va)
        print(f"width {width:3d} dropout {dropout} lr {lr:g}: train {accuracy(net, x_tr, y_tr):.3f} held out {acc:.3f}")
        if acc > best_acc:
            best, best_acc, best_setting = net, acc, (width, dropout, lr)

    print("chosen:", best_setting)
    print(f"generalisation estimate: {accuracy(best, x_te, y_te):.3f}")


main()
