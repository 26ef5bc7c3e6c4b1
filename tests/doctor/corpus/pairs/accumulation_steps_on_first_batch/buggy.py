import argparse
import torch
from torch import nn


def main():
    ap = argparse.ArgumentParser(description="누적 학습 예제")
    ap.add_argument("--accum", type=int, default=8)
    ap.add_argument("--micro", type=int, default=8)
    args = ap.parse_args([])
    torch.manual_seed(8)
    x = torch.randn(512, 12)
    y = (x.mean(1) > 0).float()
    net = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(4):
        net.train()
        opt.zero_grad()
        for i, idx in enumerate(torch.randperm(512).split(args.micro)):
            loss = bce(net(x[idx]), y[idx]) / args.accum
            loss.backward()
            if i % args.accum == 0:
                opt.step()
                opt.zero_grad()
        print("epoch", epoch, "loss", loss.item() * args.accum)


main()
