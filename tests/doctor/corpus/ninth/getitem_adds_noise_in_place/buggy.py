import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def synth_tones(n, length=128, seed=0):
    g = torch.Generator().manual_seed(seed)
    pitch = torch.randint(0, 4, (n,), generator=g)
    t = torch.arange(length) / length
    phase = 2 * math.pi * torch.rand(n, 1, generator=g)
    wave = torch.sin(2 * math.pi * (6 + 3 * pitch)[:, None] * t + phase)
    return wave + 2.0 * torch.randn(n, length, generator=g), pitch


class ToneDataset(Dataset):
    def __init__(self, waves, pitch, noise=0.0):
        self.waves = waves
        self.pitch = pitch
        self.noise = noise

    def __len__(self):
        return len(self.pitch)

    def __getitem__(self, i):
        wave = self.waves[i]
        if self.noise > 0:
            wave += self.noise * torch.randn(wave.shape)
        return wave.unsqueeze(0), self.pitch[i]


class ToneNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, 16, 17, stride=2), nn.ReLU(),
            nn.Conv1d(16, 16, 9, stride=2), nn.ReLU(),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(),
        )
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        return self.head(self.body(x))


def main():
    torch.manual_seed(0)
    train_loader = DataLoader(ToneDataset(*synth_tones(320, seed=1), noise=0.8), batch_size=32, shuffle=True)
    val_loader = DataLoader(ToneDataset(*synth_tones(160, seed=2)), batch_size=80)
    net = ToneNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(12):
        net.train()
        running = 0.0
        for wave, pitch in train_loader:
            optimizer.zero_grad()
            loss = criterion(net(wave), pitch)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(pitch)
        net.eval()
        with torch.no_grad():
            hits = sum((net(w).argmax(1) == p).sum().item() for w, p in val_loader)
        print(f"epoch {epoch}: train loss {running / 320:.3f}, val acc {hits / 160:.3f}")


if __name__ == "__main__":
    main()
