import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class ResBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)

    def forward(self, x):
        return x + self.fc2(F.relu(self.fc1(x)))


class ResMLP(nn.Module):
    def __init__(self, in_dim, out_dim, hidden=32, depth=3):
        super().__init__()
        self.stem = nn.Linear(in_dim, hidden)
        self.blocks = nn.ModuleList([ResBlock(hidden) for _ in range(depth)])
        self.head = nn.Linear(hidden, out_dim)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def run_epoch(model, loader, optimizer=None):
    train = optimizer is not None
    model.train(train)
    tot, hit = 0.0, 0
    with torch.set_grad_enabled(train):
        for xb, yb in loader:
            out = model(xb)
            loss = F.cross_entropy(out, yb)
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            tot += loss.item() * len(xb)
            hit += (out.argmax(1) == yb).sum().item()
    n = len(loader.dataset)
    return tot / n, hit / n


def main():
    torch.manual_seed(2024)
    x = torch.rand(1200, 4) * 4 - 2
    y = ((x[:, 0] * x[:, 1] > 0).long() + 2 * (x[:, 2] ** 2 > 1).long())
    train_dl = DataLoader(TensorDataset(x[:900], y[:900]), batch_size=45, shuffle=True)
    val_dl = DataLoader(TensorDataset(x[900:], y[900:]), batch_size=100)
    model = ResMLP(4, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(6):
        tl, ta = run_epoch(model, train_dl, optimizer)
        vl, va = run_epoch(model, val_dl)
        print(f"{epoch} train {tl:.3f}/{ta:.3f} val {vl:.3f}/{va:.3f}")


main()
