import math

import torch
from torch import nn


def make_data(n, gen):
    """Wine-like table: 11 measurements, quality in five grades, 20 % of the grades are off by chance."""
    x = torch.randn(n, 11, generator=gen)
    score = x[:, 0] - 0.8 * x[:, 3] + 0.6 * x[:, 5] * x[:, 7]
    grade = torch.bucketize(score, torch.tensor([-1.3, -0.4, 0.4, 1.3]))
    wrong = torch.rand(n, generator=gen) < 0.2
    return x, torch.where(wrong, torch.randint(0, 5, (n,), generator=gen), grade)


class Grader(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(11, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.classify = nn.Linear(64, 5)

    def forward(self, x):
        return self.classify(self.trunk(x))


def cosine(epoch, total):
    return 0.5 * (1 + math.cos(math.pi * epoch / total))


def build_optimizer(model, lr_head, lr_trunk):
    groups = [
        {"params": model.classify.parameters(), "lr": lr_head, "base_lr": lr_head},
        {"params": model.trunk.parameters(), "lr": lr_trunk, "base_lr": lr_trunk},
    ]
    return torch.optim.SGD(groups, lr=lr_head, momentum=0.9, nesterov=True)


def adjust_learning_rate(optimizer, epoch, total):
    factor = cosine(epoch, total)
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor


def run(epochs=25, batch_size=32):
    gen = torch.Generator().manual_seed(77)
    torch.manual_seed(77)
    x, y = make_data(1200, gen)
    x_val, y_val = make_data(600, gen)
    model = Grader()
    optimizer = build_optimizer(model, lr_head=0.1, lr_trunk=0.05)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        adjust_learning_rate(optimizer, epoch, epochs)
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        model.eval()
        with torch.no_grad():
            out = model(x_val)
            val = criterion(out, y_val).item()
            acc = (out.argmax(1) == y_val).float().mean().item()
        if epoch % 6 == 0:
            print(f"epoch {epoch:2d} train {total / len(x):.3f} val {val:.3f} acc {acc:.3f}")


run()
