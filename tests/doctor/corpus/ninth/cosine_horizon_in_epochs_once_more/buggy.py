from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    epochs: int = 7
    batch_size: int = 64
    lr: float = 0.08
    momentum: float = 0.9
    n_train: int = 1536
    n_val: int = 512
    seed: int = 5


def draw_gratings(n, g):
    # 12x12 pictures with stripes in one of four directions
    label = torch.randint(0, 4, (n,), generator=g)
    angle = label * torch.pi / 4
    phase = torch.rand(n, generator=g) * 6.28
    yy, xx = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    along = xx * torch.cos(angle)[:, None, None] + yy * torch.sin(angle)[:, None, None]
    img = torch.sin(along * 1.3 + phase[:, None, None]) + 1.6 * torch.randn(n, 12, 12, generator=g)
    return img.unsqueeze(1), label


class SmallConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3, padding=1)
        self.c2 = nn.Conv2d(12, 24, 3, padding=1)
        self.fc = nn.Linear(24, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.relu(self.c2(x)).mean(dim=(2, 3))
        return self.fc(x)


def run(cfg):
    torch.manual_seed(cfg.seed)
    g = torch.Generator().manual_seed(cfg.seed)
    train = DataLoader(TensorDataset(*draw_gratings(cfg.n_train, g)), cfg.batch_size, shuffle=True)
    val_x, val_y = draw_gratings(cfg.n_val, g)
    net = SmallConv()
    opt = torch.optim.SGD(net.parameters(), lr=cfg.lr, momentum=cfg.momentum)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=cfg.epochs)
    for epoch in range(cfg.epochs):
        net.train()
        total = 0.0
        for xb, yb in train:
            loss = F.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item() * len(yb)
        net.eval()
        with torch.no_grad():
            acc = (net(val_x).argmax(1) == val_y).float().mean().item()
        print(f"{epoch} loss {total / cfg.n_train:.4f} val {acc:.3f} lr {sched.get_last_lr()[0]:.5f}")


if __name__ == "__main__":
    run(Config())
