import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def evaluate(model, loader):
    y_true, y_pred = [], []
    model.eval()
    with torch.no_grad():
        for xb, yb in loader:
            logits = model(xb)
            y_true.extend(yb.tolist())
            y_pred.extend(logits.argmax(dim=1).tolist())
    tp = sum(1 for t, p in zip(y_true, y_pred) if t == 1 and p == 1)
    fp = sum(1 for t, p in zip(y_true, y_pred) if t == 0 and p == 1)
    fn = sum(1 for t, p in zip(y_true, y_pred) if t == 1 and p == 0)
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return f1


def main():
    torch.manual_seed(50)
    x = torch.randn(700, 8)
    y = ((x[:, 0] > 0.3) & (x[:, 1] + x[:, 2] > 0)).long()

    train_loader = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=25, shuffle=True)
    dev_loader = DataLoader(TensorDataset(x[500:], y[500:]), batch_size=50)

    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    for epoch in range(1, 11):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss_fn(model(xb), yb).backward()
            optimizer.step()
        print(f"epoch {epoch:2d}  dev F1 = {evaluate(model, dev_loader):.3f}")


main()
