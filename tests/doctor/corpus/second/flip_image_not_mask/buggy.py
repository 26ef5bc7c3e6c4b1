from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class Shapes(Dataset):
    """Noisy 16x16 pictures with one bright box, and the box as mask."""

    def __init__(self, n: int, seed: int, train: bool) -> None:
        g = torch.Generator().manual_seed(seed)
        self.train = train
        self.masks = torch.zeros(n, 1, 16, 16)
        for m in self.masks:
            r, c, h, w = (*torch.randint(0, 9, (2,), generator=g).tolist(), *torch.randint(4, 8, (2,), generator=g).tolist())
            m[0, r : r + h, c : c + w] = 1
        self.images = self.masks + 0.5 * torch.randn(n, 1, 16, 16, generator=g)

    def __len__(self) -> int:
        return len(self.images)

    def augment(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        if torch.rand(()) < 0.5:
            image = image.flip(-1)
        if torch.rand(()) < 0.5:
            image, mask = image.flip(-2), mask.flip(-2)
        return image, mask

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        image, mask = self.images[i], self.masks[i]
        return self.augment(image, mask) if self.train else (image, mask)


def conv(i: int, o: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.GroupNorm(2, o), nn.ReLU())


class Segmenter(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.enc = nn.Sequential(conv(1, width), conv(width, width))
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.enc(x))


def iou(model: nn.Module, loader: DataLoader) -> float:
    inter = union = 0
    model.eval()
    with torch.no_grad():
        for x, m in loader:
            p, t = model(x) > 0, m > 0.5
            inter += int((p & t).sum())
            union += int((p | t).sum())
    return inter / max(union, 1)


def main() -> None:
    torch.manual_seed(27)
    train = DataLoader(Shapes(300, 1, train=True), batch_size=20, shuffle=True)
    test = DataLoader(Shapes(100, 2, train=False), batch_size=50)
    model = Segmenter()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(5):
        model.train()
        for x, m in train:
            opt.zero_grad(set_to_none=True)
            F.binary_cross_entropy_with_logits(model(x), m).backward()
            opt.step()
        print(f"epoch {epoch}  IoU {iou(model, test):.3f}")


main()
