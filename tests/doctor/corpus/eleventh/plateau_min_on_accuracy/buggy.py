import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class Residual(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.f = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, d), nn.GELU(), nn.Linear(d, d))

    def forward(self, x):
        return x + self.f(x)


class ClipModel(nn.Module):
    def __init__(self, d_in, d, n_classes):
        super().__init__()
        self.inp = nn.Linear(d_in, d)
        self.blocks = nn.Sequential(Residual(d), Residual(d))
        self.out = nn.Linear(d, n_classes)

    def forward(self, x):                   # x: B, frames, d_in
        return self.out(self.blocks(self.inp(x)).mean(1))


def clips(n, frames=6, d_in=14, n_classes=5):
    g = torch.Generator().manual_seed(n)
    w = torch.randn(d_in, n_classes, generator=torch.Generator().manual_seed(0))
    x = torch.randn(n, frames, d_in, generator=g)
    return TensorDataset(x, (torch.relu(x) @ w).mean(1).argmax(1))


def train_epoch(model, loader, optimizer, criterion):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


def valid_epoch(model, loader):
    model.eval()
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


def main():
    torch.manual_seed(17)
    train_loader = DataLoader(clips(1500), batch_size=50, shuffle=True)
    val_loader = DataLoader(clips(500), batch_size=250)
    model = ClipModel(14, 40, 5)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.2)
    for epoch in range(12):
        loss = train_epoch(model, train_loader, optimizer, criterion)
        val_acc = valid_epoch(model, val_loader)
        scheduler.step(val_acc)
        print(f"{epoch:02d} loss {loss:.4f} val acc {val_acc:.3f} lr {optimizer.param_groups[0]['lr']:.1e}")


if __name__ == "__main__":
    main()
