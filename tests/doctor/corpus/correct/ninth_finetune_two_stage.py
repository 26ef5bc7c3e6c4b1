#!/usr/bin/env python
"""Transfer learning in two stages: linear probe on a frozen backbone, then everything at a small rate.

The backbone is pretrained here on a related source task, so nothing has to be downloaded."""
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

SIZE = 16


def shapes(n, kinds, seed):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, len(kinds), (n,), generator=g)
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, SIZE), torch.linspace(-1, 1, SIZE), indexing="ij")
    cx, cy = (torch.rand(2, n, 1, 1, generator=g) - 0.5) * 0.6
    dx, dy = xx - cx, yy - cy
    bank = {
        "disk": dx ** 2 + dy ** 2 < 0.25,
        "ring": ((dx ** 2 + dy ** 2).sqrt() - 0.5).abs() < 0.12,
        "square": torch.maximum(dx.abs(), dy.abs()) < 0.45,
        "hbar": (dy.abs() < 0.15) & (dx.abs() < 0.6),
        "vbar": (dx.abs() < 0.15) & (dy.abs() < 0.6),
        "cross": (dx.abs() < 0.12) | (dy.abs() < 0.12),
    }
    stack = torch.stack([bank[k].float() for k in kinds], 1)
    img = stack[torch.arange(n), y]
    return img[:, None] + 0.4 * torch.randn(n, 1, SIZE, SIZE, generator=g), y


class Net(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
            nn.Flatten())
        self.fc = nn.Linear(96, n_classes)

    def forward(self, x):
        return self.fc(self.features(x))


def train_one_epoch(net, dl, opt, frozen_features=False):
    net.train()
    if frozen_features:
        net.features.eval()  # running statistics of the frozen backbone stay as they were
    for x, y in dl:
        opt.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()


def accuracy(net, dl):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).float().sum().item() for x, y in dl) / len(dl.dataset)


def main():
    torch.manual_seed(21)
    source = ["disk", "hbar", "vbar"]
    target = ["ring", "square", "cross"]
    src_tr = DataLoader(TensorDataset(*shapes(480, source, 1)), batch_size=32, shuffle=True)
    tgt_tr = DataLoader(TensorDataset(*shapes(160, target, 2)), batch_size=32, shuffle=True)
    tgt_va = DataLoader(TensorDataset(*shapes(300, target, 3)), batch_size=100)

    net = Net(len(source))
    opt = optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(3):
        train_one_epoch(net, src_tr, opt)

    # stage 1: new head, frozen body
    for p in net.features.parameters():
        p.requires_grad = False
    net.fc = nn.Linear(net.fc.in_features, len(target))
    opt = optim.Adam(net.fc.parameters(), lr=1e-2)
    for epoch in range(4):
        train_one_epoch(net, tgt_tr, opt, frozen_features=True)
    print(f"linear probe: {accuracy(net, tgt_va):.3f}")

    # stage 2: unfreeze; discriminative learning rates
    for p in net.features.parameters():
        p.requires_grad = True
    opt = optim.Adam([
        {"params": net.features.parameters(), "lr": 1e-3},
        {"params": net.fc.parameters(), "lr": 3e-3},
    ])
    for epoch in range(6):
        train_one_epoch(net, tgt_tr, opt)
        print(f"finetune {epoch}: {accuracy(net, tgt_va):.3f}")


if __name__ == "__main__":
    main()
