"""An in-memory cache below a random augmentation: the decoded image is stored, the augmented one never."""
import functools
import random
from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset


class LRU:
    def __init__(self, load, size):
        self.load, self.size, self.items, self.hits = load, size, OrderedDict(), 0

    def __getitem__(self, key):
        if key in self.items:
            self.hits += 1
            self.items.move_to_end(key)
        else:
            self.items[key] = self.load(key)
            if len(self.items) > self.size:
                self.items.popitem(last=False)
        return self.items[key]


def decode(labels, i):
    """Stands for reading and decoding file number i; always gives the same picture."""
    rng = np.random.default_rng(10_000 + i)
    img = rng.normal(0, 0.5, (12, 12)).astype(np.float32)
    r, c = rng.integers(1, 7, 2)
    if labels[i] == 0:
        img[r:r + 5, c:c + 5] += 1.0
    elif labels[i] == 1:
        img[r:r + 5, c] += 1.4
        img[r:r + 5, c + 4] += 1.4
    else:
        for k in range(5):
            img[r + k, c + k] += 1.4
            img[r + k, c + 4 - k] += 1.4
    return img


def augment(img):
    """Works on a copy: flips and a shift by at most one pixel."""
    out = img.copy()
    if random.random() < 0.5:
        out = out[:, ::-1]
    if np.random.rand() < 0.5:
        out = out[::-1]
    return np.roll(out, np.random.randint(-1, 2, 2), axis=(0, 1))


class Pictures(Dataset):
    def __init__(self, labels, transform=None, cache=500):
        self.labels, self.transform = labels, transform
        self.cache = LRU(functools.partial(decode, labels), cache)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.cache[i]
        if self.transform is not None:
            img = self.transform(img)
        return torch.from_numpy(np.ascontiguousarray(img)).unsqueeze(0), int(self.labels[i])


def seed_worker(_):
    seed = torch.initial_seed() % 2 ** 32
    np.random.seed(seed)
    random.seed(seed)


@torch.no_grad()
def accuracy(net, loader):
    net.eval()
    hit = n = 0
    for x, y in loader:
        hit += (net(x).argmax(1) == y).sum().item()
        n += len(y)
    return hit / n


def main():
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    labels = np.random.default_rng(1).integers(0, 3, 900)
    order = np.random.default_rng(2).permutation(900).tolist()
    # the same files twice: with and without augmentation, disjoint row numbers
    noisy, plain = Pictures(labels, augment), Pictures(labels)
    train, val, test = Subset(noisy, order[:600]), Subset(plain, order[600:700]), Subset(plain, order[700:])
    train_dl = DataLoader(train, 50, shuffle=True, num_workers=1, persistent_workers=True,
                          worker_init_fn=seed_worker, generator=torch.Generator().manual_seed(4))
    val_dl, test_dl = DataLoader(val, 100), DataLoader(test, 100)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(32, 3))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    best, kept = -1.0, None
    for epoch in range(6):
        net.train()
        for x, y in train_dl:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
        acc = accuracy(net, val_dl)
        if acc > best:
            best, kept = acc, {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(kept)
    print(f"val {best:.3f} test {accuracy(net, test_dl):.3f}; cache hits of the plain set {plain.cache.hits}")


if __name__ == "__main__":
    main()
