import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, get_worker_info


class Crops(Dataset):
    """Random crops of long recordings during training, the middle crop otherwise."""

    def __init__(self, recordings, labels, size, train):
        self.recordings = recordings
        self.labels = labels
        self.size = size
        self.train = train
        self.rng = np.random.default_rng(2024)

    def __len__(self):
        return len(self.recordings)

    def __getitem__(self, i):
        rec = self.recordings[i]
        room = rec.shape[-1] - self.size
        start = int(self.rng.integers(room + 1)) if self.train else room // 2
        crop = rec[start:start + self.size].copy()
        if self.train:
            crop += self.rng.normal(0, 0.2, self.size).astype(np.float32)
        return torch.from_numpy(crop).unsqueeze(0), int(self.labels[i])


def init_worker(worker_id):
    info = get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)


def record(n, length, rng):
    t = np.arange(length, dtype=np.float32)
    lab = rng.integers(0, 3, n)
    period = np.array([7.0, 11.0, 16.0])[lab] * rng.uniform(0.9, 1.1, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    wave = np.sin(2 * np.pi * t[None] / period[:, None] + phase[:, None])
    return (wave + 0.6 * rng.standard_normal((n, length))).astype(np.float32), lab


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(1)
    x, y = record(300, 160, rng)
    train_loader = DataLoader(Crops(x[:220], y[:220], 64, train=True), batch_size=20, shuffle=True,
                              num_workers=2, worker_init_fn=init_worker)
    val_loader = DataLoader(Crops(x[220:], y[220:], 64, train=False), batch_size=40)
    model = nn.Sequential(
        nn.Conv1d(1, 12, 9, padding=4), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(12, 16, 9, padding=4), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
        nn.Flatten(), nn.Linear(16, 3),
    )
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(4):
        model.train()
        for crop, lab in train_loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(crop), lab).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            hits = sum((model(crop).argmax(1) == lab).sum().item() for crop, lab in val_loader)
        print(epoch, hits / len(val_loader.dataset))


if __name__ == "__main__":
    main()
