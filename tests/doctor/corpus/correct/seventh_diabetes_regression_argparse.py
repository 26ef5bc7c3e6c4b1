import argparse
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


def parse_args():
    p = argparse.ArgumentParser(description="Regression on the diabetes data")
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--seed", type=int, default=42)
    return p.parse_args()


class Regressor(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)


def make_loaders(args):
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X_tmp, X_te, y_tmp, y_te = train_test_split(X, y, test_size=0.2, random_state=args.seed)
    X_tr, X_va, y_tr, y_va = train_test_split(X_tmp, y_tmp, test_size=0.2, random_state=args.seed)

    x_mean, x_std = X_tr.mean(axis=0), X_tr.std(axis=0)
    y_mean, y_std = float(y_tr.mean()), float(y_tr.std())

    def build(features, target, shuffle=False):
        features = (features - x_mean) / x_std
        target = (target - y_mean) / y_std
        ds = TensorDataset(
            torch.tensor(features, dtype=torch.float32), torch.tensor(target, dtype=torch.float32)
        )
        return DataLoader(ds, batch_size=args.batch_size, shuffle=shuffle)

    return build(X_tr, y_tr, True), build(X_va, y_va), build(X_te, y_te), (y_mean, y_std)


@torch.inference_mode()
def predict(model, loader):
    model.eval()
    preds, targets = [], []
    for x, y in loader:
        preds.append(model(x))
        targets.append(y)
    return torch.cat(preds), torch.cat(targets)


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)

    train_loader, val_loader, test_loader, (y_mean, y_std) = make_loaders(args)
    model = Regressor(10, args.hidden)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=5)

    best_val, best_state = float("inf"), None
    for epoch in range(args.epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        p, t = predict(model, val_loader)
        val_mse = criterion(p, t).item()
        scheduler.step(val_mse)
        if val_mse < best_val:
            best_val = val_mse
            best_state = copy.deepcopy(model.state_dict())
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1}: val RMSE {val_mse ** 0.5 * y_std:.2f}, lr {optimizer.param_groups[0]['lr']:.1e}")

    model.load_state_dict(best_state)
    p, t = predict(model, test_loader)
    p, t = p * y_std + y_mean, t * y_std + y_mean
    rmse = torch.sqrt(torch.mean((p - t) ** 2)).item()
    mae = torch.mean(torch.abs(p - t)).item()
    r2 = 1.0 - (torch.sum((t - p) ** 2) / torch.sum((t - t.mean()) ** 2)).item()
    print(f"test RMSE {rmse:.2f}  MAE {mae:.2f}  R2 {r2:.3f}")


if __name__ == "__main__":
    main()
