import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SEED = 2024


class SignalCrops(Dataset):
    """Random crop + random gain of long 1-d signals, two classes (slow / fast oscillation)."""

    def __init__(self, n=160, length=200, crop=64):
        rng = np.random.RandomState(SEED)
        t = np.arange(length)
        self.y = rng.randint(0, 2, n)
        freq = np.where(self.y == 0, 0.15, 0.22)[:, None]
        self.x = np.sin(freq * t + rng.uniform(0, 6.28, (n, 1))) + 0.3 * rng.randn(n, length)
        self.crop = crop

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        start = np.random.randint(0, self.x.shape[1] - self.crop)
        gain = random.uniform(0.7, 1.3)
        piece = gain * self.x[i, start:start + self.crop]
        return torch.tensor(piece, dtype=torch.float32).unsqueeze(0), int(self.y[i]), start


def init_worker(worker_id):
    np.random.seed(SEED)
    random.seed(SEED)


def main():
    torch.manual_seed(SEED)
    net = nn.Sequential(
        nn.Conv1d(1, 8, 9, padding=4), nn.ReLU(), nn.AvgPool1d(4),
        nn.Conv1d(8, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 2),
    )
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    g = torch.Generator()
    g.manual_seed(SEED)
    loader = DataLoader(SignalCrops(), batch_size=20, shuffle=True, num_workers=2,
                        worker_init_fn=init_worker, generator=g)
    starts = []
    for epoch in range(3):
        net.train()
        running = 0.0
        for sig, label, start in loader:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(sig), label)
            loss.backward()
            opt.step()
            running += loss.item() * len(sig)
            starts += start.tolist()
        print(f"epoch {epoch} loss {running / len(loader.dataset):.4f}")
    print("distinct crop positions:", len(set(starts)), "of", len(starts))


if __name__ == "__main__":
    main()
