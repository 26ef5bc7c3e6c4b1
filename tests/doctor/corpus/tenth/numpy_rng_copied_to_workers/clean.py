import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class JitteredPoints(Dataset):
    """Small point clouds, rotated about z and jittered on the fly."""

    def __init__(self, clouds, labels, seed=0):
        self.clouds = clouds
        self.labels = labels
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        pts = self.clouds[i]
        angle = self.rng.uniform(0, 2 * np.pi)
        c, s = np.cos(angle), np.sin(angle)
        rot = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        pts = pts @ rot.T + self.rng.normal(0, 0.02, pts.shape)
        return torch.as_tensor(pts, dtype=torch.float32), int(self.labels[i])


def init_worker(worker_id):
    info = torch.utils.data.get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)


class PointNetTiny(nn.Module):
    def __init__(self, k=2):
        super().__init__()
        self.point = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 64))
        self.head = nn.Linear(64, k)

    def forward(self, x):
        return self.head(self.point(x).amax(dim=1))


def main():
    torch.manual_seed(0)
    gen = np.random.default_rng(11)
    labels = gen.integers(0, 2, 256)
    clouds = gen.normal(size=(256, 24, 3)) * np.where(labels[:, None, None] == 1, [1.0, 1.0, 0.4], [1.0, 1.0, 1.0])
    train = DataLoader(JitteredPoints(clouds, labels), batch_size=32, shuffle=True, num_workers=2, worker_init_fn=init_worker)
    net = PointNetTiny()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(4):
        net.train()
        total = 0.0
        for pts, lab in train:
            loss = nn.functional.cross_entropy(net(pts), lab)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(lab)
        print(f"epoch {epoch}: loss {total / len(train.dataset):.4f}")


if __name__ == "__main__":
    main()
