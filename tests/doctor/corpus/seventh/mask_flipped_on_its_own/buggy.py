import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def random_flip_and_roll(planes, reach=4):
    """planes: (C, H, W)"""
    if torch.rand(()) < 0.5:
        planes = planes.flip(-1)
    if torch.rand(()) < 0.5:
        planes = planes.flip(-2)
    dy, dx = torch.randint(-reach, reach + 1, (2,)).tolist()
    return planes.roll((dy, dx), dims=(-2, -1))


class Nuclei(Dataset):
    """A dark blob on uneven ground and the mask of its pixels."""

    def __init__(self, n, side=20, seed=0, augment=None):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        centre = torch.randint(3, side - 3, (n, 2, 1, 1), generator=g)
        radius = torch.randint(2, 5, (n, 1, 1), generator=g)
        inside = (yy - centre[:, 0]) ** 2 + (xx - centre[:, 1]) ** 2 <= radius ** 2
        self.masks = inside.float().unsqueeze(1)
        ground = 0.3 * torch.rand(n, 1, side, 1, generator=g) + 0.25 * torch.randn(n, 1, side, side, generator=g)
        self.images = ground - 0.8 * self.masks
        self.augment = augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.augment is None:
            return image, mask
        return self.augment(image), self.augment(mask)


class SmallUNet(nn.Module):
    def __init__(self, w=12):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, w, 3, padding=1), nn.ReLU(), nn.Conv2d(w, w, 3, padding=1), nn.ReLU())
        self.mid = nn.Sequential(nn.Conv2d(w, 2 * w, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * w, w, 2, stride=2)
        self.out = nn.Conv2d(2 * w, 1, 1)

    def forward(self, x):
        skip = self.down(x)
        deep = self.mid(F.max_pool2d(skip, 2))
        return self.out(torch.cat([skip, self.up(deep)], dim=1))


def iou(model, loader):
    model.eval()
    inter = union = 0
    with torch.no_grad():
        for image, mask in loader:
            found, true = model(image) > 0, mask > 0.5
            inter += (found & true).sum().item()
            union += (found | true).sum().item()
    return inter / max(union, 1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--batch-size", type=int, default=25)
    args = ap.parse_args()
    torch.manual_seed(9)

    train_set = Nuclei(400, seed=1, augment=random_flip_and_roll)
    test_set = Nuclei(150, seed=2)
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=50)

    model = SmallUNet()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    share = train_set.masks.mean()
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=((1 - share) / share).sqrt())
    for epoch in range(args.epochs):
        model.train()
        for image, mask in train_loader:
            opt.zero_grad()
            loss_fn(model(image), mask).backward()
            opt.step()
        print(f"epoch {epoch} IoU {iou(model, test_loader):.3f}")


main()
