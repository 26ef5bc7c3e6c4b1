import argparse
import torch
import torch.nn as nn


def hidden_stack(width, depth):
    return [nn.Linear(width, width) for _ in range(depth)]


class Tower(nn.Module):
    """Joins two views of a row and refines the sum step by step."""

    def __init__(self, d_a, d_b, width=24, depth=4):
        super().__init__()
        self.a = nn.Linear(d_a, width)
        self.b = nn.Linear(d_b, width)
        self.hidden = nn.ModuleList(hidden_stack(width, depth))
        self.score = nn.Linear(width, 1)

    def forward(self, a, b):
        h = torch.tanh(self.a(a) + self.b(b))
        for layer in self.hidden:
            h = h + torch.relu(layer(h))
        return self.score(h).squeeze(-1)


def make(n, g):
    a = torch.randn(n, 5, generator=g)
    b = torch.randn(n, 3, generator=g)
    y = torch.sin(2 * a[:, 0] * b[:, 0]) + a[:, 1].abs() - b[:, 1] * b[:, 2]
    return a, b, y


def mse(model, data):
    model.eval()
    with torch.no_grad():
        return (model(data[0], data[1]) - data[2]).square().mean().item()


def main(args):
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed)
    train, test = make(1200, g), make(400, g)
    model = Tower(5, 3, args.width, args.depth)
    print("parameters", sum(p.numel() for p in model.parameters()))
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        for i in torch.randperm(1200).split(60):
            a, b, y = (t[i] for t in train)
            loss = (model(a, b) - y).square().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
    print("train", mse(model, train), "test", mse(model, test))


parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=24)
parser.add_argument("--depth", type=int, default=4)
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--seed", type=int, default=0)
main(parser.parse_args())
