import io
import random

import numpy as np
import torch
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


def png_bytes(label, rng):
    """A 20x20 grey picture holding a cross (1) or a ring (0)."""
    img = rng.normal(100, 18, size=(20, 20))
    r, c = rng.integers(6, 14, size=2)
    if label:
        img[r - 4:r + 5, c] += 60
        img[r, c - 4:c + 5] += 60
    else:
        yy, xx = np.ogrid[:20, :20]
        img[np.abs(np.hypot(yy - r, xx - c) - 3.5) < 0.6] += 60
    buf = io.BytesIO()
    Image.fromarray(np.clip(img, 0, 255).astype(np.uint8)).save(buf, "PNG")
    return buf.getvalue()


def augment(t):
    if random.random() < 0.5:
        t = t.flip(2)
    t = t.rot90(random.randrange(4), (1, 2))
    return t * random.uniform(0.8, 1.2) + 0.3 * torch.randn_like(t)


class PngDataset(Dataset):
    def __init__(self, blobs, labels, training):
        self.blobs = blobs
        self.labels = labels
        self.training = training
        self._cache = {}

    def __len__(self):
        return len(self.blobs)

    def _decode(self, i):
        with Image.open(io.BytesIO(self.blobs[i])) as im:
            array = np.array(im, dtype=np.float32)
        return torch.from_numpy((array - 105) / 25).unsqueeze(0)

    def __getitem__(self, i):
        if i not in self._cache:
            img = self._decode(i)
            if self.training:
                img = augment(img)
            self._cache[i] = img
        return self._cache[i], self.labels[i]


def make(n, seed, training):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, size=n).tolist()
    return PngDataset([png_bytes(k, rng) for k in labels], labels, training)


def run():
    random.seed(29)
    torch.manual_seed(29)
    train = DataLoader(make(80, 1, True), batch_size=16, shuffle=True)
    test = DataLoader(make(200, 2, False), batch_size=100)
    net = nn.Sequential(nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 24, 3), nn.ReLU(),
                        nn.Flatten(), nn.Linear(24 * 36, 2))
    opt = optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(30):
        net.train()
        for x, y in train:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        acc = sum((net(x).argmax(1) == y).sum().item() for x, y in test) / len(test.dataset)
    print("test accuracy", acc)


if __name__ == "__main__":
    run()
