import argparse
import math

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, dim, expansion=2):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, expansion * dim)
        self.fc2 = nn.Linear(expansion * dim, dim)

    def forward(self, x):
        return x + self.fc2(torch.relu(self.fc1(self.norm(x))))


class DeepMLP(nn.Module):
    """`depth` residual blocks, each one with weights of its own."""

    def __init__(self, d_in, dim, depth):
        super().__init__()
        self.inp = nn.Linear(d_in, dim)
        self.blocks = nn.ModuleList([Block(dim)] * depth)
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


def franke(x):
    a, b = x[:, 0], x[:, 1]
    return torch.sin(3 * a) * torch.cos(4 * b) + 0.5 * torch.sin(5 * a * b)


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lr", type=float, default=3e-3)
    return parser.parse_args()


def main():
    args = parse_args()
    torch.manual_seed(9)
    x = torch.rand(1600, 2) * 2 - 1
    y = franke(x).unsqueeze(1)
    x_tr, y_tr, x_va, y_va = x[:1200], y[:1200], x[1200:], y[1200:]

    model = DeepMLP(2, args.dim, args.depth)
    opt = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)
    steps = args.epochs * math.ceil(len(x_tr) / 64)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=args.lr, total_steps=steps)
    for epoch in range(args.epochs):
        model.train()
        for idx in torch.randperm(len(x_tr)).split(64):
            loss = nn.functional.mse_loss(model(x_tr[idx]), y_tr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
        if epoch % 5 == 4:
            model.eval()
            with torch.no_grad():
                print(f"epoch {epoch + 1:2d} val mse {nn.functional.mse_loss(model(x_va), y_va).item():.5f}")


if __name__ == "__main__":
    main()
