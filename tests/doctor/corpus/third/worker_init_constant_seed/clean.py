import random
import argparse
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


def parse():
    p = argparse.ArgumentParser()
    p.add_argument('--seed', type=int, default=1234)
    p.add_argument('--epochs', type=int, default=3)
    p.add_argument('--workers', type=int, default=2)
    return p.parse_args()


class Patches(Dataset):
    def __init__(self, n, augment):
        r = np.random.RandomState(0 if augment else 1)
        self.labels = r.randint(0, 2, n)
        grid = np.indices((16, 16)).astype(np.float32)
        self.images = np.where(self.labels[:, None, None] == 1, np.sin(grid[0] * 1.2), np.sin(grid[1] * 1.2))
        self.images = (self.images + 0.8 * r.randn(n, 16, 16)).astype(np.float32)
        self.augment = augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.augment:
            img = np.roll(img, np.random.randint(-4, 5, size=2), axis=(0, 1))
            if random.random() < 0.5:
                img = img[:, ::-1].copy()
            img = img * np.float32(np.random.uniform(0.7, 1.3))
        return torch.from_numpy(img)[None], int(self.labels[i])


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def init_worker(worker_id):
    seed = torch.initial_seed() % 2 ** 32
    random.seed(seed)
    np.random.seed(seed)


def main():
    args = parse()
    seed_everything(args.seed)
    train_loader = DataLoader(Patches(240, True), batch_size=24, shuffle=True,
                              num_workers=args.workers, worker_init_fn=init_worker)
    val_loader = DataLoader(Patches(80, False), batch_size=80)
    model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(24, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(args.epochs):
        model.train()
        for img, lab in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(img), lab).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            acc = sum((model(i).argmax(1) == l).sum().item() for i, l in val_loader) / 80
        print('epoch', epoch, 'val acc', acc)


if __name__ == '__main__':
    main()
