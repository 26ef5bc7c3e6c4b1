#!/usr/bin/env python
# coding: utf-8
import argparse

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--lr", type=float, default=5e-3)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()

torch.manual_seed(args.seed)


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.05)
        nn.init.zeros_(m.bias)


# XOR-like checkerboard
pts = torch.rand(600, 2) * 2 - 1
cls = ((pts[:, 0] > 0) ^ (pts[:, 1] > 0)).float().unsqueeze(1)
train_pts, train_cls = pts[:450], cls[:450]
test_pts, test_cls = pts[450:], cls[450:]

net = nn.Sequential(
    nn.Linear(2, args.hidden), nn.Tanh(),
    nn.Linear(args.hidden, args.hidden), nn.Tanh(),
    nn.Linear(args.hidden, 1),
)
net.apply(weights_init)

optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
loss_fn = nn.BCEWithLogitsLoss()

for epoch in range(args.epochs):
    net.train()
    for batch in torch.randperm(450).split(45):
        optimizer.zero_grad()
        loss = loss_fn(net(train_pts[batch]), train_cls[batch])
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 10 == 0:
        net.eval()
        with torch.no_grad():
            acc = ((net(test_pts) > 0).float() == test_cls).float().mean()
        print(f"epoch {epoch + 1:3d}  loss {loss.item():.4f}  test acc {acc.item():.3f}")
