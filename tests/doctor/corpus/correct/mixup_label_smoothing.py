import argparse
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def get_args():
    p = argparse.ArgumentParser(description="MixUp on toy images")
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--alpha", type=float, default=0.3)
    p.add_argument("--lr", type=float, default=0.05)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.drop = nn.Dropout2d(0.1)
        self.fc = nn.Linear(16 * 3 * 3, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop(x)
        x = torch.flatten(x, 1)
        return self.fc(x)


def mixup(x, y, alpha, rng):
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    perm = torch.from_numpy(rng.permutation(len(x)))
    return lam * x + (1 - lam) * x[perm], y, y[perm], lam


def make(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    x = rng.normal(0, 0.6, (n, 1, 12, 12)).astype(np.float32)
    for i, c in enumerate(y):
        x[i, 0, 3 * c:3 * c + 3] += 1
    return torch.from_numpy(x), torch.from_numpy(y)


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    xtr, ytr = make(320, 10)
    xte, yte = make(100, 11)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=5e-4)
    for epoch in range(args.epochs):
        model.train()
        for idx in torch.randperm(len(xtr)).split(args.batch_size):
            x, ya, yb, lam = mixup(xtr[idx], ytr[idx], args.alpha, rng)
            out = model(x)
            loss = lam * F.cross_entropy(out, ya, label_smoothing=0.1) + (1 - lam) * F.cross_entropy(out, yb, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            logits = model(xte)
            print(epoch, F.cross_entropy(logits, yte).item(), (logits.argmax(1) == yte).float().mean().item())


if __name__ == "__main__":
    main()
