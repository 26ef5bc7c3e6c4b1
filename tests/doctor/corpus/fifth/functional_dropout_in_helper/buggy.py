import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def fc_unit(h, linear, norm, p):
    return F.dropout(F.relu(norm(linear(h))), p)


class TabularNet(nn.Module):
    def __init__(self, n_features, n_classes, hidden=(96, 48), p=0.4):
        super().__init__()
        sizes = [n_features, *hidden]
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))
        self.norms = nn.ModuleList(nn.LayerNorm(b) for b in hidden)
        self.out = nn.Linear(sizes[-1], n_classes)
        self.p = p

    def forward(self, x):
        for linear, norm in zip(self.linears, self.norms):
            x = fc_unit(x, linear, norm, self.p)
        return self.out(x)


@torch.inference_mode()
def accuracy(model, loader):
    model.eval()
    hits = total = 0
    for xb, yb in loader:
        hits += (model(xb).argmax(dim=1) == yb).sum().item()
        total += yb.numel()
    return hits / total


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--seed", type=int, default=3)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    X, y = make_classification(1500, 20, n_informative=10, n_classes=4, random_state=args.seed)
    Xtr, Xte, ytr, yte = train_test_split(X.astype(np.float32), y, test_size=0.25, stratify=y, random_state=args.seed)
    mu, sd = Xtr.mean(0), Xtr.std(0)
    to_set = lambda a, b: TensorDataset(torch.from_numpy((a - mu) / sd), torch.from_numpy(b).long())
    train_dl = DataLoader(to_set(Xtr, ytr), batch_size=64, shuffle=True)
    test_dl = DataLoader(to_set(Xte, yte), batch_size=256)

    model = TabularNet(20, 4)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            F.cross_entropy(model(xb), yb).backward()
            opt.step()
        print(f"epoch {epoch} test accuracy {accuracy(model, test_dl):.3f}")


if __name__ == "__main__":
    main()
