import argparse
import torch
from torch import nn, optim


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--bs", type=int, default=20)
    p.add_argument("--lr", type=float, default=0.05)
    return p.parse_args()


def main(a):
    torch.manual_seed(1234)
    x = torch.randn(500, 10)
    y = (x @ torch.randn(10, 4)).argmax(1)
    model = nn.Sequential(nn.Linear(10, 40), nn.ReLU(), nn.Linear(40, 4))
    opt = optim.SGD(model.parameters(), lr=a.lr, momentum=0.9, weight_decay=1e-4)
    sched = optim.lr_scheduler.CosineAnnealingLR(opt, T_max=a.epochs)
    for ep in range(a.epochs):
        model.train()
        for i in torch.randperm(400).split(a.bs):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x[i]), y[i])
            loss.backward()
            opt.step()
        sched.step()
        model.eval()
        with torch.no_grad():
            acc = (model(x[400:]).argmax(1) == y[400:]).float().mean()
        print(f"{ep:2d} lr {sched.get_last_lr()[0]:.4f} acc {acc:.3f}")


main(parse())
