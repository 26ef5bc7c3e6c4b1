import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class RadioBursts(Dataset):
    """IQ bursts at four chirp rates; fading and noise are drawn anew at every access."""

    def __init__(self, n, seed, fading=True):
        clean = np.random.default_rng(seed)
        self.rng = np.random.default_rng(seed + 1)
        self.fading = fading
        self.label = clean.integers(0, 4, n)
        t = np.arange(64)
        self.burst = np.zeros((n, 2, 64), dtype=np.float32)
        for i, k in enumerate(self.label):
            wave = 0.25 * t + (k - 1.5) * 0.004 * t ** 2 + clean.normal(0, 0.25, 64).cumsum()
            self.burst[i] = np.stack([np.cos(wave), np.sin(wave)])

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        x = self.burst[i]
        if self.fading:
            turn = self.rng.uniform(0, 2 * np.pi)
            rot = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            x = self.rng.uniform(0.6, 1.4) * rot @ x + 0.5 * self.rng.normal(size=x.shape)
        return torch.as_tensor(x, dtype=torch.float32), int(self.label[i])


class BurstNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(2, 24, 5), nn.ReLU(), nn.Conv1d(24, 32, 5, stride=2), nn.ReLU())
        self.fc = nn.Linear(32, 4)

    def forward(self, x):
        return self.fc(self.conv(x).mean(-1))


def main():
    torch.manual_seed(9)
    train_ds = RadioBursts(300, seed=100)
    val_ds = RadioBursts(400, seed=200, fading=False)
    train_dl = DataLoader(train_ds, batch_size=30, shuffle=True, num_workers=2)
    val_dl = DataLoader(val_ds, batch_size=100)
    net = BurstNet()
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    ce = nn.CrossEntropyLoss()
    for epoch in range(8):
        net.train()
        total = 0.0
        for x, y in train_dl:
            opt.zero_grad()
            loss = ce(net(x), y)
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
        net.eval()
        hits = 0
        with torch.no_grad():
            for x, y in val_dl:
                hits += (net(x).argmax(1) == y).sum().item()
        print(f"epoch {epoch} train loss {total / len(train_ds):.4f} val acc {hits / len(val_ds):.3f}")


if __name__ == "__main__":
    main()
