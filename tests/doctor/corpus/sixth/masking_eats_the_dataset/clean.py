import argparse
import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Spectra(Dataset):
    def __init__(self, specs, labels, time_mask=0, freq_mask=0):
        self.specs = specs
        self.labels = labels
        self.time_mask = time_mask
        self.freq_mask = freq_mask

    def __getitem__(self, index):
        spec = self.specs[index].clone()
        if self.time_mask:
            w = random.randint(1, self.time_mask)
            t = random.randint(0, spec.size(1) - w)
            spec[:, t:t + w] = 0.0
        if self.freq_mask:
            w = random.randint(1, self.freq_mask)
            f = random.randint(0, spec.size(0) - w)
            spec[f:f + w, :] = 0.0
        return spec, self.labels[index]

    def __len__(self):
        return len(self.labels)


def synth(n, bands=16, frames=20):
    labels = torch.randint(0, 4, (n,))
    t = torch.arange(frames) / frames
    tone = torch.sin(6.2832 * (labels[:, None] + 1) * t + 6.2832 * torch.rand(n, 1))
    profile = torch.linspace(1, 0.2, bands)
    return tone[:, None, :] * profile[None, :, None] + 0.5 * torch.randn(n, bands, frames), labels


def accuracy(net, loader):
    net.eval()
    ok = 0
    with torch.no_grad():
        for s, l in loader:
            ok += (net(s).argmax(1) == l).sum().item()
    return ok / len(loader.dataset)


def main(argv=None):
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=16)
    ap.add_argument("--time-mask", type=int, default=4)
    ap.add_argument("--freq-mask", type=int, default=3)
    args = ap.parse_args(argv)
    torch.manual_seed(0)
    random.seed(0)
    train = Spectra(*synth(400), time_mask=args.time_mask, freq_mask=args.freq_mask)
    test = Spectra(*synth(200))
    net = nn.Sequential(nn.Conv1d(16, 24, 5, padding=2), nn.ReLU(), nn.Conv1d(24, 24, 5, padding=2), nn.ReLU(),
                        nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(96, 4))
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    loader = DataLoader(train, batch_size=32, shuffle=True)
    test_loader = DataLoader(test, batch_size=100)
    for ep in range(args.epochs):
        net.train()
        for s, l in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(net(s), l).backward()
            opt.step()
        print(ep, "test acc", accuracy(net, test_loader))


if __name__ == "__main__":
    main()
