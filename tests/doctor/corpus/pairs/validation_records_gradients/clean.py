import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def run_epoch(model, loader, criterion, optimizer=None):
    total, n = 0.0, 0
    for xb, yb in loader:
        out = model(xb)
        loss = criterion(out, yb)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(xb)
        n += len(xb)
    return total / n


def main():
    torch.manual_seed(21)
    x = torch.randn(600, 5)
    y = torch.sin(x).sum(1, keepdim=True)
    ds = TensorDataset(x, y)
    tr, va = random_split(ds, [480, 120], generator=torch.Generator().manual_seed(0))
    tl, vl = DataLoader(tr, 32, shuffle=True), DataLoader(va, 64)
    model = nn.Sequential(nn.Linear(5, 64), nn.GELU(), nn.Linear(64, 1))
    crit = nn.MSELoss()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(4):
        model.train()
        tr_loss = run_epoch(model, tl, crit, opt)
        model.eval()
        with torch.no_grad():
            va_loss = run_epoch(model, vl, crit)
        print(f"{epoch} train {tr_loss:.4f} val {va_loss:.4f}")


main()
