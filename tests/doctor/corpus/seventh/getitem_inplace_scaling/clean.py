import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class SensorWindows(Dataset):
    """Multichannel windows, standardised on the fly with training-set moments."""

    def __init__(self, windows, targets, mean=None, std=None):
        self.windows = windows
        self.targets = targets
        self.mean = windows.mean((0, 2)) if mean is None else mean
        self.std = windows.std((0, 2)) if std is None else std

    def stats(self):
        return {"mean": self.mean, "std": self.std}

    def __len__(self):
        return self.windows.size(0)

    def __getitem__(self, item):
        w = self.windows[item]
        w = w.sub(self.mean[:, None]).div(self.std[:, None])
        return w, self.targets[item]


class TinyTCN(nn.Module):
    def __init__(self, channels, classes, width=20, dilations=(1, 2, 4)):
        super().__init__()
        self.inp = nn.Conv1d(channels, width, 1)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in dilations)
        self.out = nn.Linear(width, classes)

    def forward(self, x):
        h = self.inp(x)
        for conv in self.convs:
            h = h + F.gelu(conv(h))
        return self.out(h.amax(dim=2))


class Trainer:
    def __init__(self, model, lr, device):
        self.model = model.to(device)
        self.device = device
        self.optim = torch.optim.AdamW(self.model.parameters(), lr=lr)

    def train_epoch(self, loader):
        self.model.train()
        total = 0.0
        for x, y in loader:
            x, y = x.to(self.device), y.to(self.device)
            self.optim.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.optim.step()
            total += loss.item() * y.numel()
        return total / len(loader.dataset)

    @torch.no_grad()
    def accuracy(self, loader):
        self.model.eval()
        right = sum((self.model(x.to(self.device)).argmax(1).cpu() == y).sum().item() for x, y in loader)
        return right / len(loader.dataset)


def simulate(n, gen):
    """Channel offsets and units differ; the class is the place of a bump."""
    label = torch.randint(0, 4, (n,), generator=gen)
    t = torch.arange(40.0)
    centre = 5.0 + 10.0 * label[:, None] + torch.randn(n, 1, generator=gen)
    slope = torch.exp(-0.5 * ((t - centre) / 2.5) ** 2).cumsum(1)
    x = torch.stack([slope, -slope, slope.roll(3, 1)], 1) + 0.8 * torch.randn(n, 3, 40, generator=gen)
    unit = torch.tensor([0.5, 4.0, 20.0])[:, None]
    offset = torch.tensor([3.0, -10.0, 100.0])[:, None]
    return x * unit + offset, label


if __name__ == "__main__":
    torch.manual_seed(17)
    gen = torch.Generator().manual_seed(17)
    train_set = SensorWindows(*simulate(800, gen))
    valid_set = SensorWindows(*simulate(300, gen), **train_set.stats())
    train_dl = DataLoader(train_set, batch_size=50, shuffle=True)
    valid_dl = DataLoader(valid_set, batch_size=100)
    trainer = Trainer(TinyTCN(3, 4), 3e-3, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    for epoch in range(6):
        loss = trainer.train_epoch(train_dl)
        print(f"{epoch}: train loss {loss:.3f}, valid acc {trainer.accuracy(valid_dl):.3f}")
