import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def cells(n, size, seed):
    """Small round cells (1 or 2 in each picture) on a noisy background."""
    gen = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    masks = torch.zeros(n, 1, size, size)
    for i in range(n):
        for _ in range(1 + int(torch.randint(2, (1,), generator=gen))):
            cy, cx = (2 + (size - 4) * torch.rand(2, generator=gen)).tolist()
            radius = 1.5 + 1.5 * torch.rand(1, generator=gen).item()
            masks[i, 0][(yy - cy) ** 2 + (xx - cx) ** 2 <= radius ** 2] = 1.0
    images = 0.8 * masks + 0.5 * torch.randn(n, 1, size, size, generator=gen)
    return TensorDataset(images, masks)


def dice(a, b, eps=1.0):
    """One value per picture."""
    a, b = a.flatten(1), b.flatten(1)
    return (2 * (a * b).sum(1) + eps) / (a.sum(1) + b.sum(1) + eps)


class UNetMini(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU())
        self.deep = nn.Sequential(nn.Conv2d(c, 2 * c, 3, padding=1), nn.ReLU(), nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, 1, 1))

    def forward(self, x):
        top = self.down(x)
        deep = F.interpolate(self.deep(F.max_pool2d(top, 2)), scale_factor=2.0)
        return self.last(torch.cat([top, deep], dim=1))


class Segmenter:
    def __init__(self, lr=3e-3, bce_weight=0.3):
        self.net = UNetMini()
        self.bce_weight = bce_weight
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)

    def loss(self, logits, masks):
        overlap = dice(torch.sigmoid(logits), masks)
        bce = F.binary_cross_entropy_with_logits(logits, masks)
        return self.bce_weight * bce + (1 - overlap).mean()

    def fit_epoch(self, loader):
        self.net.train()
        for images, masks in loader:
            self.optimizer.zero_grad()
            self.loss(self.net(images), masks).backward()
            self.optimizer.step()

    @torch.no_grad()
    def test(self, loader):
        self.net.eval()
        scores = [dice((self.net(images) > 0).float(), masks) for images, masks in loader]
        return torch.cat(scores).mean().item()


if __name__ == "__main__":
    torch.manual_seed(2)
    train_loader = DataLoader(cells(200, 20, seed=1), batch_size=20, shuffle=True)
    test_loader = DataLoader(cells(80, 20, seed=2), batch_size=40)
    segmenter = Segmenter()
    for epoch in range(8):
        segmenter.fit_epoch(train_loader)
        print(f"epoch {epoch}: test dice {segmenter.test(test_loader):.3f}")
