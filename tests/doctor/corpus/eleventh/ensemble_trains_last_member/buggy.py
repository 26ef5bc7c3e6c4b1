import argparse

import torch
import torch.nn as nn


def make_net(width):
    return nn.Sequential(nn.Linear(7, width), nn.ELU(), nn.Linear(width, 1))


def train_member(net, x, y, epochs, lr):
    boot = torch.randint(0, len(x), (len(x),))
    xb, yb = x[boot], y[boot]
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(xb)).split(40):
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(xb[idx]), yb[idx])
            loss.backward()
            opt.step()
    return loss.item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--members", type=int, default=5)
    ap.add_argument("--epochs", type=int, default=15)
    ap.add_argument("--width", type=int, default=32)
    ap.add_argument("--lr", type=float, default=5e-3)
    args = ap.parse_args()

    torch.manual_seed(19)
    x = torch.randn(640, 7)
    y = (x[:, :1] * x[:, 1:2] + 0.5 * x[:, 2:3]) + 0.1 * torch.randn(640, 1)

    members = []
    for _ in range(args.members):
        net = make_net(args.width)
        members.append(net)

    for k in range(args.members):
        last = train_member(net, x[:480], y[:480], args.epochs, args.lr)
        print(f"member {k}: last batch loss {last:.4f}")

    for net in members:
        net.eval()
    with torch.no_grad():
        preds = torch.stack([net(x[480:]) for net in members])
    mse = nn.functional.mse_loss(preds.mean(0), y[480:]).item()
    print(f"ensemble val mse {mse:.4f}, spread {preds.std(0).mean():.4f}")


if __name__ == "__main__":
    main()
