import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, get_worker_info


class PulseDataset(Dataset):
    """Short 1-D signals: does a pulse occur, and of which polarity?"""

    def __init__(self, n: int, augment: bool, seed: int):
        self.rng = np.random.default_rng(seed)
        self.augment = augment
        self.y = self.rng.integers(0, 3, size=n)
        self.x = np.zeros((n, 64), dtype=np.float32)
        for row, label in zip(self.x, self.y):
            pos = self.rng.integers(8, 56)
            row[pos - 3:pos + 3] += (0.0, 1.0, -1.0)[label]
        self.x += self.rng.normal(0, 0.5, size=self.x.shape).astype(np.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        if self.augment:
            x = np.roll(x, self.rng.integers(-6, 7))
            x = x * self.rng.uniform(0.7, 1.3) + self.rng.normal(0, 0.2, size=x.shape)
        return torch.as_tensor(x, dtype=torch.float32).unsqueeze(0), int(self.y[i])


def fresh_stream(_):
    info = get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)


def loaders(batch_size: int = 32):
    train = DataLoader(PulseDataset(320, True, seed=1), batch_size, shuffle=True, num_workers=2,
                       worker_init_fn=fresh_stream)
    val = DataLoader(PulseDataset(200, False, seed=2), 100)
    return train, val


def accuracy(net: nn.Module, loader: DataLoader) -> float:
    net.eval()
    with torch.no_grad():
        hits = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


def main():
    torch.manual_seed(10)
    train, val = loaders()
    net = nn.Sequential(nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 3))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for epoch in range(5):
        net.train()
        for x, y in train:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
        print(epoch, f"{accuracy(net, val):.3f}")


if __name__ == "__main__":
    main()
