"""Stage 2: start from the stage-1 weights and continue on the small labelled set."""
import argparse
import os
import tempfile

import torch
import torch.nn as nn


def make_net():
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))


def fit(net, x, y, lr, epochs, batch_size=50):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(batch_size):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
            loss.backward()
            opt.step()
    return loss.item()


def test(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--pretrained", default=os.path.join(tempfile.mkdtemp(), "stage1.pth"))
    ap.add_argument("--lr", type=float, default=5e-4)
    args = ap.parse_args()
    torch.manual_seed(0)

    w = torch.randn(20, 4)
    x = torch.randn(3000, 20)
    y = (x @ w + 0.3 * torch.randn(3000, 4)).argmax(1)

    # stage 1 runs on several GPUs
    big = nn.DataParallel(make_net())
    print("stage 1 loss", fit(big, x[:2000], y[:2000], lr=3e-3, epochs=8))
    torch.save({"state_dict": big.state_dict()}, args.pretrained)

    # stage 2
    net = make_net()
    state = torch.load(args.pretrained)["state_dict"]
    net.load_state_dict({k.removeprefix("module."): v for k, v in state.items()})
    print("stage 2 loss", fit(net, x[2000:2100], y[2000:2100], lr=args.lr, epochs=5))
    print("test accuracy", test(net, x[2100:], y[2100:]))


if __name__ == "__main__":
    main()
