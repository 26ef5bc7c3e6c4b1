from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class ViTConfig:
    image: int = 12
    patch: int = 4
    dim: int = 32
    heads: int = 4
    depth: int = 1
    classes: int = 3


class TinyViT(nn.Module):
    def __init__(self, cfg: ViTConfig):
        super().__init__()
        n_patches = (cfg.image // cfg.patch) ** 2
        self.embed = nn.Conv2d(1, cfg.dim, kernel_size=cfg.patch, stride=cfg.patch)
        self.pos = torch.zeros(1, n_patches, cfg.dim, requires_grad=True)
        layer = nn.TransformerEncoderLayer(cfg.dim, cfg.heads, 2 * cfg.dim, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, cfg.depth)
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, cfg.classes)

    def forward(self, images):
        tokens = self.embed(images).flatten(2).transpose(1, 2)
        tokens = self.encoder(tokens + self.pos)
        return self.head(self.norm(tokens.mean(dim=1)))


def blobs_in_rows(n):
    """One blob per picture; the class is the third of the picture (top, middle, bottom) it lies in."""
    images = 0.2 * torch.randn(n, 1, 12, 12)
    row, col = torch.randint(0, 3, (n,)), torch.randint(0, 3, (n,))
    for i in range(n):
        r, c = 4 * row[i], 4 * col[i]
        images[i, 0, r + 1:r + 3, c + 1:c + 3] += 1.5
    return images, row


def main():
    torch.manual_seed(2)
    cfg = ViTConfig()
    x, y = blobs_in_rows(800)
    model = TinyViT(cfg)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for epoch in range(10):
        model.train()
        for idx in torch.randperm(600).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            acc = (model(x[600:]).argmax(1) == y[600:]).float().mean()
        print(f"epoch {epoch}  val acc {acc.item():.3f}")


if __name__ == "__main__":
    main()
