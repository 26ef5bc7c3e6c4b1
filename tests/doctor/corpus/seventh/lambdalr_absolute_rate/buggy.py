import argparse
import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--peak-lr", type=float, default=4e-3)
    p.add_argument("--steps", type=int, default=600)
    p.add_argument("--warmup", type=int, default=40)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--seed", type=int, default=5)
    return p.parse_args()


def warmup_cosine(args):
    """Linear warm-up, then half a cosine down to a tenth of the peak."""
    low = 0.1

    def at(step):
        if step < args.warmup:
            return args.peak_lr * (step + 1) / args.warmup
        t = (step - args.warmup) / max(1, args.steps - args.warmup)
        return args.peak_lr * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * t)))

    return at


class ResBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.lin = nn.Linear(d, d)

    def forward(self, h):
        return h + torch.relu(self.lin(self.norm(h)))


def stream(x, y, batch, steps):
    for _ in range(steps):
        idx = torch.randint(0, len(x), (batch,))
        yield x[idx], y[idx]


def main():
    args = parse()
    torch.manual_seed(args.seed)
    theta = torch.rand(2400) * 2 * math.pi
    arm = torch.randint(0, 3, (2400,))
    radius = theta / 3
    phase = theta + arm * (2 * math.pi / 3)
    x = torch.stack([radius * phase.cos(), radius * phase.sin()], 1) + 0.05 * torch.randn(2400, 2)
    x_tr, y_tr, x_te, y_te = x[:2000], arm[:2000], x[2000:], arm[2000:]

    net = nn.Sequential(nn.Linear(2, 48), ResBlock(48), ResBlock(48), nn.LayerNorm(48), nn.Linear(48, 3))
    opt = torch.optim.Adam(net.parameters(), lr=args.peak_lr)
    sched = LambdaLR(opt, warmup_cosine(args))

    running = None
    for step, (xb, yb) in enumerate(stream(x_tr, y_tr, args.batch, args.steps)):
        loss = nn.functional.cross_entropy(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if (step + 1) % 150 == 0:
            print(f"step {step + 1:4d}  loss {running:.3f}")

    net.eval()
    with torch.no_grad():
        acc = (net(x_te).argmax(-1) == y_te).float().mean().item()
    print(f"test accuracy {acc:.3f}")


main()
