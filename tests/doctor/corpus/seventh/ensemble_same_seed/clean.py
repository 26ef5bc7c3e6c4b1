"""Deep ensemble for regression with a measure of uncertainty: mean and spread over the members."""
import argparse

import torch
from torch import nn


class Member(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.mean = nn.Linear(width, 1)
        self.log_var = nn.Linear(width, 1)

    def forward(self, x):
        h = self.net(x)
        return self.mean(h), self.log_var(h).clamp(-6.0, 3.0)


def gaussian_nll(mean, log_var, y):
    return 0.5 * (log_var + (y - mean) ** 2 * torch.exp(-log_var)).mean()


def observations(n, seed):
    gen = torch.Generator().manual_seed(seed)
    left = torch.rand(n // 2, 1, generator=gen) * 1.5 - 2.0
    right = torch.rand(n - n // 2, 1, generator=gen) * 1.5 + 0.5
    x = torch.cat([left, right])
    return x, x.sin() * 2 + 0.15 * torch.randn(n, 1, generator=gen)


def train_member(number, x, y, args):
    torch.manual_seed(args.seed + number)
    member = Member(args.width)
    optimizer = torch.optim.Adam(member.parameters(), lr=args.lr)
    total = 0.0
    for _ in range(args.epochs):
        member.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(args.batch_size):
            optimizer.zero_grad()
            loss = gaussian_nll(*member(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
    print(f"member {number}: training nll {total / len(x):.3f}")
    return member.eval()


@torch.no_grad()
def predict(members, x):
    outputs = [m(x) for m in members]
    means = torch.stack([mean for mean, _ in outputs])
    noise = torch.stack([log_var.exp() for _, log_var in outputs]).mean(0)
    return means.mean(0), means.var(0, unbiased=False).sqrt(), noise.sqrt()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--members", type=int, default=5)
    p.add_argument("--width", type=int, default=48)
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--batch-size", type=int, default=20)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--seed", type=int, default=200)
    args = p.parse_args()

    x, y = observations(160, seed=1)
    x_test, y_test = observations(200, seed=2)
    members = [train_member(i, x, y, args) for i in range(args.members)]
    mean, _, _ = predict(members, x_test)
    print(f"test rmse {(mean - y_test).pow(2).mean().sqrt().item():.3f}")
    for value in (-1.2, 0.0, 1.2, 3.5):
        m, spread, noise = predict(members, torch.tensor([[value]]))
        print(f"x = {value:+.1f}: {m.item():+.2f}, model spread {spread.item():.3f}, noise {noise.item():.3f}")


if __name__ == "__main__":
    main()
