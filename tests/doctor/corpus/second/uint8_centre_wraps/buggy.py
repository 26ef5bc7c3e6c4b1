import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

rng = np.random.default_rng(5)


def draw(n):
    """Camera-like 12x12 grey images: a dark or a bright spot on a mid-grey ground."""
    labels = rng.integers(0, 2, n)
    imgs = rng.normal(128, 22, (n, 12, 12))
    for im, l in zip(imgs, labels):
        r, c = rng.integers(2, 8, 2)
        im[r:r + 3, c:c + 3] += 26 if l else -26
    return imgs.clip(0, 255).astype(np.uint8), labels


class Spots(Dataset):
    def __init__(self, n):
        self.imgs, self.labels = draw(n)

    def __len__(self):
        return len(self.imgs)

    def __getitem__(self, i):
        img = torch.from_numpy(self.imgs[i]).unsqueeze(0)
        return (img - 128).float() / 64.0, int(self.labels[i])


torch.manual_seed(5)
net = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(),
                    nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(12, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
ce = nn.CrossEntropyLoss()
train_dl = DataLoader(Spots(800), batch_size=40, shuffle=True)
test_dl = DataLoader(Spots(400), batch_size=100)

for ep in range(6):
    net.train()
    for x, y in train_dl:
        opt.zero_grad()
        ce(net(x), y).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = sum((net(x).argmax(1) == y).sum().item() for x, y in test_dl) / len(test_dl.dataset)
    print(f'epoch {ep} accuracy {acc:.3f}')
