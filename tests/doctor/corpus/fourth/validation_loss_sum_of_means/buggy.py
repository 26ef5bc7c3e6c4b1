from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Hist:
    train: list = field(default_factory=list)
    valid: list = field(default_factory=list)


@dataclass
class Settings:
    lr: float = 3e-3
    batch: int = 32
    max_epochs: int = 12
    target_loss: float = 0.15


def spirals(n, g):
    t = torch.rand(n, generator=g) * 3 + 0.5
    k = torch.randint(0, 2, (n,), generator=g)
    ang = t * 2 + k * torch.pi
    pts = torch.stack([t * ang.cos(), t * ang.sin()], 1) / 3.5
    return TensorDataset(pts + 0.03 * torch.randn(n, 2, generator=g), k)


def run_epoch(net, loader, ce, opt):
    net.train()
    running = 0.0
    for pts, k in loader:
        loss = ce(net(pts), k)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        running += loss.item() * k.size(0)
    return running / len(loader.dataset)


@torch.no_grad()
def validate(net, loader, ce):
    net.eval()
    running, right = 0.0, 0
    for pts, k in loader:
        out = net(pts)
        running += ce(out, k).item()
        right += (out.argmax(1) == k).sum().item()
    n = len(loader.dataset)
    return running / n, right / n


def main():
    s = Settings()
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    train_loader = DataLoader(spirals(1200, g), batch_size=s.batch, shuffle=True)
    valid_loader = DataLoader(spirals(300, g), batch_size=s.batch)
    net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    ce = nn.CrossEntropyLoss()
    opt = torch.optim.Adam(net.parameters(), lr=s.lr)
    hist = Hist()
    for epoch in range(s.max_epochs):
        hist.train.append(run_epoch(net, train_loader, ce, opt))
        vloss, vacc = validate(net, valid_loader, ce)
        hist.valid.append(vloss)
        print(f"{epoch:3d} train {hist.train[-1]:.4f} valid {vloss:.4f} acc {vacc:.3f}")
        if vloss < s.target_loss:
            print("target reached")
            break


if __name__ == "__main__":
    main()
