import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class NoisyCurves(Dataset):
    """Denoising: a clean curve and a freshly disturbed copy of it."""

    def __init__(self, n, points=32, sigma=0.4):
        base = np.linspace(0, 2 * np.pi, points, dtype=np.float32)
        k = np.arange(n, dtype=np.float32)[:, None]
        self.clean = np.sin(base * (1 + k % 4) + 0.37 * k)
        self.sigma = sigma

    def __len__(self):
        return len(self.clean)

    def __getitem__(self, i):
        target = torch.from_numpy(self.clean[i])
        noise = torch.randn(len(target))
        return target + self.sigma * noise, target


def main():
    torch.manual_seed(0)
    ds = NoisyCurves(256)
    loader = DataLoader(ds, batch_size=32, shuffle=True, num_workers=2)
    net = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(3):
        net.train()
        total = 0.0
        for noisy, target in loader:
            loss = nn.functional.mse_loss(net(noisy), target)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(target)
        print(f'epoch {epoch}: {total / len(ds):.4f}')


if __name__ == '__main__':
    main()
