"""Spoken digits stand-in: short clips stored as 8-bit mu-law, decoded on demand."""
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

RATE, LENGTH, CLASSES = 800, 200, 4
PITCH = [60.0, 85.0, 115.0, 150.0]


def record(n, seed):
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(0, CLASSES, (n,), generator=g)
    t = torch.arange(LENGTH) / RATE
    phase = 2 * math.pi * torch.rand(n, 1, generator=g)
    drift = 1 + 0.05 * torch.randn(n, 1, generator=g)
    wave = torch.sin(2 * math.pi * torch.tensor(PITCH)[label, None] * drift * t + phase)
    wave = 0.5 * wave + 0.35 * torch.randn(n, LENGTH, generator=g)
    wave = wave.clamp(-1, 1)
    coded = wave.sign() * torch.log1p(255 * wave.abs()) / math.log(256)
    return ((coded + 1) * 127.5).round().to(torch.uint8), label


class Distort:
    def __init__(self, noise=0.3, gain=(0.6, 1.4)):
        self.noise, self.gain = noise, gain

    def __call__(self, clip):
        low, high = self.gain
        shift = int(torch.randint(0, LENGTH, (1,)))
        clip = clip.roll(shift, dims=-1) * (low + (high - low) * torch.rand(1))
        return clip + self.noise * torch.randn_like(clip)


class Clips(Dataset):
    def __init__(self, coded, labels, augment=None):
        self.coded = coded
        self.labels = labels
        self.augment = augment
        self.cache = {}

    def __len__(self):
        return len(self.labels)

    def decode(self, i):
        coded = self.coded[i].float() / 127.5 - 1
        return (coded.sign() * torch.expm1(coded.abs() * math.log(256)) / 255).unsqueeze(0)

    def __getitem__(self, i):
        if i not in self.cache:
            self.cache[i] = self.decode(i)
        clip = self.cache[i]
        if self.augment is not None:
            clip = self.augment(clip)
        return clip, self.labels[i]


def network():
    return nn.Sequential(
        nn.Conv1d(1, 16, 25, stride=2), nn.BatchNorm1d(16), nn.ReLU(),
        nn.Conv1d(16, 16, 9, stride=2), nn.BatchNorm1d(16), nn.ReLU(),
        nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, CLASSES),
    )


def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        hits = [(net(x).argmax(1) == y).sum() for x, y in loader]
    return torch.stack(hits).sum().item() / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(12)
    train_dl = DataLoader(Clips(*record(48, seed=1), augment=Distort()), batch_size=12, shuffle=True)
    test_dl = DataLoader(Clips(*record(400, seed=2)), batch_size=100)
    net = network()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(20):
        net.train()
        for x, y in train_dl:
            opt.zero_grad()
            loss_fn(net(x), y).backward()
            opt.step()
    print(f"train {accuracy(net, DataLoader(Clips(*record(48, seed=1)), batch_size=80)):.3f}")
    print(f"test  {accuracy(net, test_dl):.3f}")
