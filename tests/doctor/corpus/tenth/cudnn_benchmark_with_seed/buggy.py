import argparse
import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def set_reproducible(seed):
    """Two runs with the same seed must give bit-identical weights (needed for the ablation table)."""
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = True


class SmallCNN(nn.Module):
    def __init__(self, n_classes=3):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.head = nn.Linear(16 * 4 * 4, n_classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.head(x.flatten(1))


def make_images(n):
    y = np.random.randint(0, 3, n)
    x = 0.5 * np.random.randn(n, 1, 16, 16)
    for i, c in enumerate(y):
        if c == 0:
            x[i, 0, 7:9, :] += 1
        elif c == 1:
            x[i, 0, :, 7:9] += 1
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--lr", type=float, default=2e-3)
    args = p.parse_args()
    set_reproducible(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    x, y = make_images(600)
    x_val, y_val = make_images(150)
    net = SmallCNN().to(device)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            F.cross_entropy(net(x[idx].to(device)), y[idx].to(device)).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            acc = (net(x_val.to(device)).argmax(1).cpu() == y_val).float().mean().item()
        print(f"[{epoch}] val acc {acc:.3f}")
    checksum = sum(p.detach().double().sum().item() for p in net.parameters())
    print(f"weights checksum {checksum:.10f}")


if __name__ == "__main__":
    main()
