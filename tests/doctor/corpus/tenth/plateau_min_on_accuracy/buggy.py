import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, Subset, TensorDataset


def two_spirals(n, noise=0.04):
    label = torch.randint(0, 2, (n,))
    t = torch.rand(n).sqrt() * 7.0
    phase = label.float() * torch.pi
    pts = torch.stack([t * torch.cos(t + phase), t * torch.sin(t + phase)], dim=1) / 7.0
    return pts + noise * torch.randn(n, 2), label


def accuracy(net, loader):
    net.eval()
    good = total = 0
    with torch.no_grad():
        for xb, yb in loader:
            good += (net(xb).argmax(1) == yb).sum().item()
            total += len(yb)
    return good / total


def fit(net, train_loader, val_loader, max_epochs=40):
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    sched = ReduceLROnPlateau(opt, factor=0.3, patience=3)
    lossf = nn.CrossEntropyLoss()
    for ep in range(1, max_epochs + 1):
        net.train()
        for xb, yb in train_loader:
            opt.zero_grad()
            lossf(net(xb), yb).backward()
            opt.step()
        val_acc = accuracy(net, val_loader)
        sched.step(val_acc)
        if ep % 8 == 0:
            print(f"{ep:3d} val_acc={val_acc:.3f} lr={opt.param_groups[0]['lr']:.1e}")


def main():
    torch.manual_seed(99)
    ds = TensorDataset(*two_spirals(900))
    order = torch.randperm(900).tolist()
    train_loader = DataLoader(Subset(ds, order[:700]), batch_size=50, shuffle=True)
    val_loader = DataLoader(Subset(ds, order[700:]), batch_size=200)
    net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
    fit(net, train_loader, val_loader)


main()
