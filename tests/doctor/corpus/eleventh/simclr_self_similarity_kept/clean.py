import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F


def get_args():
    ap = argparse.ArgumentParser("simclr on toy vectors")
    ap.add_argument("--tau", type=float, default=0.5)
    ap.add_argument("--batch-size", type=int, default=64)
    ap.add_argument("--epochs", type=int, default=12)
    ap.add_argument("--seed", type=int, default=0)
    return ap.parse_args()


class Backbone(nn.Module):
    def __init__(self, d_in=20, d=32, d_proj=16):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d))
        self.g = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d_proj))

    def forward(self, x):
        h = self.f(x)
        return h, F.normalize(self.g(h), dim=1)


def augment(x):
    keep = (torch.rand_like(x) > 0.2).float()
    return x * keep + 0.1 * torch.randn_like(x)


def nt_xent(z1, z2, tau):
    b = z1.size(0)
    z = torch.cat([z1, z2])
    sim = z @ z.T / tau
    sim.fill_diagonal_(float("-inf"))
    target = torch.cat([torch.arange(b, 2 * b), torch.arange(b)])
    return F.cross_entropy(sim, target)


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    centers = 1.5 * torch.randn(5, 20)
    label = torch.randint(0, 5, (1000,))
    x = centers[label] + torch.randn(1000, 20)
    x_tr, y_tr, x_te, y_te = x[:800], label[:800], x[800:], label[800:]

    net = Backbone()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-6)
    for ep in range(args.epochs):
        net.train()
        total = 0.0
        batches = torch.randperm(len(x_tr)).split(args.batch_size)
        for idx in batches:
            _, z1 = net(augment(x_tr[idx]))
            _, z2 = net(augment(x_tr[idx]))
            loss = nt_xent(z1, z2, args.tau)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"ep {ep:02d} nt-xent {total / len(batches):.4f}")

    net.eval()
    with torch.no_grad():
        h_tr, h_te = F.normalize(net(x_tr)[0], dim=1), F.normalize(net(x_te)[0], dim=1)
        nearest = (h_te @ h_tr.T).argmax(1)
    print("1-nn acc", (y_tr[nearest] == y_te).float().mean().item())


if __name__ == "__main__":
    main()
