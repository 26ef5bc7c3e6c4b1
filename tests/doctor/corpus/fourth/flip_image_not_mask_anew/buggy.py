import math
from typing import Callable, Optional

import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, Dataset


def random_flip(t: Tensor) -> Tensor:
    """Flip a (C, H, W) tensor left-right and/or up-down with probability 1/2 each."""
    dims = [d for d in (-1, -2) if torch.rand(()) < 0.5]
    return t.flip(dims) if dims else t


class Blobs(Dataset):
    def __init__(self, n: int, seed: int, augment: Optional[Callable[[Tensor], Tensor]] = None, size: int = 24):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        centre = torch.rand(n, 2, generator=g) * (size - 8) + 4
        radius = torch.rand(n, generator=g) * 2 + 2.5
        dist = ((yy - centre[:, 0, None, None]) ** 2 + (xx - centre[:, 1, None, None]) ** 2).sqrt()
        self.masks = (dist < radius[:, None, None]).float().unsqueeze(1)
        self.images = self.masks * torch.tensor([0.8, 0.3, -0.4]).view(3, 1, 1) + 0.7 * torch.randn(n, 3, size, size, generator=g)
        self.augment = augment

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int):
        image, mask = self.images[i], self.masks[i]
        if self.augment is not None:
            image = self.augment(image)
        return image, mask


class TinyUNet(nn.Module):
    def __init__(self, w: int = 12):
        super().__init__()
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())
        self.enc = block(3, w)
        self.mid = nn.Sequential(nn.MaxPool2d(2), block(w, 2 * w), nn.ConvTranspose2d(2 * w, w, 2, stride=2))
        self.dec = nn.Sequential(block(2 * w, w), nn.Conv2d(w, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        e = self.enc(x)
        return self.dec(torch.cat([e, self.mid(e)], dim=1))


@torch.no_grad()
def mean_iou(net: nn.Module, loader: DataLoader) -> float:
    net.eval()
    scores = []
    for x, m in loader:
        p = net(x) > 0
        m = m.bool()
        inter = (p & m).flatten(1).sum(1)
        union = (p | m).flatten(1).sum(1)
        scores.append(inter / union)
    return torch.cat(scores).mean().item()


if __name__ == "__main__":
    torch.manual_seed(12)
    train = DataLoader(Blobs(160, seed=1, augment=random_flip), batch_size=16, shuffle=True)
    val = DataLoader(Blobs(80, seed=2), batch_size=40)
    net = TinyUNet()
    nn.init.constant_(net.dec[-1].bias, math.log(0.06 / 0.94))
    opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
    crit = nn.BCEWithLogitsLoss()
    for epoch in range(5):
        net.train()
        for x, m in train:
            opt.zero_grad(set_to_none=True)
            crit(net(x), m).backward()
            opt.step()
    print(f"val IoU {mean_iou(net, val):.3f}")
