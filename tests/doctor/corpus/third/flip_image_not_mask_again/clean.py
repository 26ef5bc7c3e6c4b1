import random
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


@dataclass
class Config:
    n_train: int = 160
    n_val: int = 48
    size: int = 24
    epochs: int = 9
    lr: float = 3e-3
    seed: int = 2


def draw_blobs(n, size, seed):
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    centre = torch.randint(5, size - 5, (n, 2), generator=g)
    radius = torch.randint(3, 6, (n,), generator=g)
    dist = (yy - centre[:, 0, None, None]) ** 2 + (xx - centre[:, 1, None, None]) ** 2
    mask = (dist < (radius ** 2)[:, None, None]).float().unsqueeze(1)
    image = 0.8 * mask + 0.5 * torch.randn(n, 1, size, size, generator=g)
    return image, mask


class RandomFlip:
    """Flips a training pair left-right, and upside down, half of the time each."""

    def __call__(self, image, mask):
        if random.random() < 0.5:
            image, mask = image.flip(-1), mask.flip(-1)
        if random.random() < 0.5:
            image, mask = image.flip(-2), mask.flip(-2)
        return image, mask


class BlobDataset(Dataset):
    def __init__(self, n, size, seed, joint=None):
        self.image, self.mask = draw_blobs(n, size, seed)
        self.joint = joint

    def __len__(self):
        return self.image.shape[0]

    def __getitem__(self, k):
        image, mask = self.image[k], self.mask[k]
        return self.joint(image, mask) if self.joint else (image, mask)


class TinySeg(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.down = nn.Conv2d(1, c, 3, stride=2, padding=1)
        self.mid = nn.Conv2d(c, c, 3, padding=1)
        self.up = nn.ConvTranspose2d(c, 1, 4, stride=2, padding=1)

    def forward(self, x):
        return self.up(F.relu(self.mid(F.relu(self.down(x)))))


def dice(model, loader):
    model.eval()
    inter = total = 0.0
    with torch.no_grad():
        for image, mask in loader:
            pred = (model(image) > 0).float()
            inter += (pred * mask).sum().item()
            total += (pred + mask).sum().item()
    return 2 * inter / max(total, 1.0)


def main(cfg=Config()):
    random.seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    train = DataLoader(BlobDataset(cfg.n_train, cfg.size, 10, RandomFlip()), batch_size=16, shuffle=True)
    val = DataLoader(BlobDataset(cfg.n_val, cfg.size, 20), batch_size=16)
    model = TinySeg()
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for image, mask in train:
            opt.zero_grad()
            F.binary_cross_entropy_with_logits(model(image), mask).backward()
            opt.step()
        print(epoch, f'dice {dice(model, val):.3f}')


main()
