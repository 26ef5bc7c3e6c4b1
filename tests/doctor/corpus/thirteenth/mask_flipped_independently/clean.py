import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class BlobDataset(Dataset):
    """Bright rectangles on noise, mask = where the rectangle is."""

    def __init__(self, n, seed, augment=False):
        g = torch.Generator().manual_seed(seed)
        self.masks = torch.zeros(n, 1, 16, 16)
        for m in self.masks:
            r, c = torch.randint(0, 10, (2,), generator=g).tolist()
            m[:, r:r + 6, c // 2:c // 2 + 5] = 1.0
        self.images = 1.2 * self.masks + 0.7 * torch.randn(n, 1, 16, 16, generator=g)
        self.augment = augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.augment:
            if random.random() < 0.5:
                image = image.flip(-1)
                mask = mask.flip(-1)
        return image, mask


def iou(logits, mask):
    pred = logits > 0
    mask = mask > 0.5
    inter = (pred & mask).sum((1, 2, 3)).float()
    union = (pred | mask).sum((1, 2, 3)).float()
    return ((inter + 1e-6) / (union + 1e-6)).sum().item()


if __name__ == "__main__":
    random.seed(0)
    torch.manual_seed(0)
    train_dl = DataLoader(BlobDataset(160, seed=1, augment=True), batch_size=16, shuffle=True)
    val_dl = DataLoader(BlobDataset(48, seed=2), batch_size=16)
    net = nn.Sequential(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 1, 1))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(8):
        net.train()
        for img, msk in train_dl:
            opt.zero_grad()
            loss = bce(net(img), msk)
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            score = sum(iou(net(img), msk) for img, msk in val_dl) / len(val_dl.dataset)
        print(f"epoch {epoch} loss {loss.item():.3f} val IoU {score:.3f}")
