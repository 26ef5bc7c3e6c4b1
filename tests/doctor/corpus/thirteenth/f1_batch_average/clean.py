import logging
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
log = logging.getLogger(__name__)


def counts(logits, target):
    pred = logits.argmax(1)
    tp = ((pred == 1) & (target == 1)).sum().item()
    fp = ((pred == 1) & (target == 0)).sum().item()
    fn = ((pred == 0) & (target == 1)).sum().item()
    return tp, fp, fn


def f1_score(tp, fp, fn):
    denom = 2 * tp + fp + fn
    return 2 * tp / denom if denom else 0.0


def validate(model, loader):
    model.eval()
    total = [0, 0, 0]
    with torch.no_grad():
        for xb, yb in loader:
            total = [a + b for a, b in zip(total, counts(model(xb), yb))]
    return f1_score(*total)


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()


def main():
    torch.manual_seed(64)
    n = 2400
    y = (torch.rand(n) < 0.08).long()
    x = torch.randn(n, 12)
    x[y == 1, :4] += 1.2
    train_dl = DataLoader(TensorDataset(x[:1800], y[:1800]), batch_size=50, shuffle=True)
    val_dl = DataLoader(TensorDataset(x[1800:], y[1800:]), batch_size=16)

    model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 2))
    criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(6):
        train_epoch(model, train_dl, criterion, optimizer)
        log.info("epoch %d  val F1 %.4f", epoch, validate(model, val_dl))


if __name__ == "__main__":
    main()
