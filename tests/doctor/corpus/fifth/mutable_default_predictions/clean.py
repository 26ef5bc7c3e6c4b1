import argparse

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_args(argv=None):
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--seed", type=int, default=4)
    return p.parse_args(argv)


def loaders(args):
    x, y = make_classification(1500, 20, n_informative=8, weights=[0.75], flip_y=0.03, random_state=args.seed)
    xtr, xva, ytr, yva = train_test_split(x, y, test_size=0.25, stratify=y, random_state=args.seed)
    scaler = StandardScaler().fit(xtr)

    def wrap(a, b, shuffle):
        ds = TensorDataset(torch.tensor(scaler.transform(a), dtype=torch.float32), torch.tensor(b))
        return DataLoader(ds, args.batch_size, shuffle=shuffle)

    return wrap(xtr, ytr, True), wrap(xva, yva, False)


def train_one_epoch(model, loader, optimizer, loss_fn):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, loader, y_pred=None, y_true=None):
    """Macro F1; lists may be passed in to keep the raw predictions."""
    y_pred = [] if y_pred is None else y_pred
    y_true = [] if y_true is None else y_true
    model.eval()
    for xb, yb in loader:
        y_pred.append(model(xb).argmax(1).numpy())
        y_true.append(yb.numpy())
    return f1_score(np.concatenate(y_true), np.concatenate(y_pred), average="macro")


def main():
    args = get_args([])
    torch.manual_seed(args.seed)
    train_loader, val_loader = loaders(args)
    model = nn.Sequential(nn.Linear(20, args.hidden), nn.ReLU(), nn.Dropout(0.2), nn.Linear(args.hidden, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        train_one_epoch(model, train_loader, optimizer, loss_fn)
        print(f"epoch {epoch + 1}: val macro F1 {evaluate(model, val_loader):.4f}")


if __name__ == "__main__":
    main()
