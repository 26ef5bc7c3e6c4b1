import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def f1_from_counts(tp, fp, fn):
    denom = 2 * tp + fp + fn
    return 2 * tp / denom if denom else 0.0


@torch.no_grad()
def validate(model, loader):
    model.eval()
    scores = []
    for xb, yb in loader:
        pred = torch.sigmoid(model(xb)).squeeze(1) > 0.5
        true = yb.bool()
        tp = (pred & true).sum().item()
        fp = (pred & ~true).sum().item()
        fn = (~pred & true).sum().item()
        scores.append(f1_from_counts(tp, fp, fn))
    return sum(scores) / len(scores)


def train_one_epoch(model, loader, criterion, optimizer):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(1), yb)
        loss.backward()
        optimizer.step()


def main():
    torch.manual_seed(9)
    x = torch.randn(3000, 6)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * torch.randn(3000) > 2.0).float()
    train_dl = DataLoader(TensorDataset(x[:2200], y[:2200]), batch_size=64, shuffle=True)
    val_dl = DataLoader(TensorDataset(x[2200:], y[2200:]), batch_size=8)
    model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(10):
        train_one_epoch(model, train_dl, criterion, optimizer)
        print(f"epoch {epoch:02d}  val F1 {validate(model, val_dl):.4f}")


if __name__ == "__main__":
    main()
