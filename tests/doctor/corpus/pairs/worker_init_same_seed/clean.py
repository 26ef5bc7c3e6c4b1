import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SEED = 42


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def init_worker(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)


class RandomCrop(Dataset):
    def __init__(self, images, labels, size):
        self.images, self.labels, self.size = images, labels, size

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        r, c = np.random.randint(0, 10 - self.size + 1, 2)
        return self.images[i, :, r : r + self.size, c : c + self.size], self.labels[i]


if __name__ == "__main__":
    seed_everything(SEED)
    images = torch.randn(160, 1, 10, 10)
    labels = (images.mean((1, 2, 3)) > 0).long()
    loader = DataLoader(RandomCrop(images, labels, 8), 20, shuffle=True, num_workers=2, worker_init_fn=init_worker)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(2):
        model.train()
        for a, b in loader:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(a), b)
            loss.backward()
            opt.step()
        print("epoch", epoch, loss.item())
