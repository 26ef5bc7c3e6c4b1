import argparse

import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.metrics import classification_report, f1_score
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--batch-size", type=int, default=16)
    p.add_argument("--lr", type=float, default=1e-2)
    p.add_argument("--seed", type=int, default=21)
    return p.parse_args()


def make_loader(X, y, batch_size, shuffle=True):
    ds = TensorDataset(torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y))
    return DataLoader(ds, batch_size=batch_size, shuffle=shuffle)


def build(n_in, n_out):
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 24),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(24, n_out),
    )


def train(model, loader, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    ce = torch.nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for xb, yb in loader:
            opt.zero_grad()
            ce(model(xb), yb).backward()
            opt.step()


@torch.inference_mode()
def predict(model, loader):
    model.eval()
    return np.concatenate([model(xb).argmax(1).numpy() for xb, _ in loader])


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    X, y = load_wine(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=args.seed)
    mu, sd = X_train.mean(0), X_train.std(0)
    X_train, X_test = (X_train - mu) / sd, (X_test - mu) / sd

    train_loader = make_loader(X_train, y_train, args.batch_size)
    test_loader = make_loader(X_test, y_test, args.batch_size)

    model = build(X.shape[1], 3)
    train(model, train_loader, args.epochs, args.lr)

    y_pred = predict(model, test_loader)
    print(classification_report(y_test, y_pred, zero_division=0))
    print("macro F1:", round(f1_score(y_test, y_pred, average="macro"), 3))


if __name__ == "__main__":
    main()
