import random
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SEED = 99


class JitteredWaves(Dataset):
    """Two kinds of pulses; a random shift and gain is applied each time a pulse is read."""

    def __init__(self, n):
        rng = np.random.RandomState(SEED)
        t = np.linspace(-1, 1, 64)
        self.kind = rng.randint(0, 2, n)
        width = np.where(self.kind == 0, 0.10, 0.16) * rng.uniform(0.85, 1.15, n)
        self.pulse = np.exp(-((t[None] / width[:, None]) ** 2)) + 0.05 * rng.randn(n, 64)

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, i):
        shifted = np.roll(self.pulse[i], np.random.randint(-20, 21))
        gain = np.random.uniform(0.7, 1.3)
        return torch.tensor(gain * shifted, dtype=torch.float32).unsqueeze(0), int(self.kind[i])


def seed_worker(worker_id):
    np.random.seed(SEED)
    random.seed(SEED)


def main():
    torch.manual_seed(SEED)
    g = torch.Generator()
    g.manual_seed(SEED)
    loader = DataLoader(JitteredWaves(240), batch_size=24, shuffle=True, num_workers=2,
                        worker_init_fn=seed_worker, generator=g)
    net = nn.Sequential(nn.Conv1d(1, 8, 7, padding=3), nn.ReLU(), nn.AdaptiveMaxPool1d(4), nn.Flatten(), nn.Linear(32, 2))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    ce = nn.CrossEntropyLoss()
    for epoch in range(4):
        net.train()
        total = 0.0
        for xb, yb in loader:
            opt.zero_grad()
            loss = ce(net(xb), yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(yb)
        print(epoch, round(total / len(loader.dataset), 4))


if __name__ == "__main__":
    main()
