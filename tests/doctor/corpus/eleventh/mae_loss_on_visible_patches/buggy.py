from typing import NamedTuple

import torch
import torch.nn as nn


class Hyper(NamedTuple):
    patches: int = 16
    patch_dim: int = 9
    width: int = 32
    mask_ratio: float = 0.5
    steps: int = 120
    lr: float = 3e-3


HP = Hyper()


class MaskedAutoencoder(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.hp = hp
        self.embed = nn.Linear(hp.patch_dim, hp.width)
        self.pos = nn.Parameter(0.02 * torch.randn(1, hp.patches, hp.width))
        self.dec_pos = nn.Parameter(0.02 * torch.randn(1, hp.patches, hp.width))
        self.mask_token = nn.Parameter(torch.zeros(1, 1, hp.width))
        make = lambda: nn.TransformerEncoderLayer(hp.width, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder, self.decoder = make(), make()
        self.head = nn.Linear(hp.width, hp.patch_dim)

    def random_masking(self, x):
        b, n, d = x.shape
        keep = int(n * (1 - self.hp.mask_ratio))
        shuffle = torch.rand(b, n).argsort(1)
        restore = shuffle.argsort(1)
        kept = x.gather(1, shuffle[:, :keep, None].expand(-1, -1, d))
        mask = torch.ones(b, n)
        mask[:, :keep] = 0
        return kept, mask.gather(1, restore), restore

    def forward(self, patches):
        x = self.embed(patches) + self.pos
        kept, mask, restore = self.random_masking(x)
        enc = self.encoder(kept)
        fill = self.mask_token.expand(len(x), restore.size(1) - enc.size(1), -1)
        full = torch.cat([enc, fill], 1).gather(1, restore[:, :, None].expand(-1, -1, x.size(2)))
        pred = self.head(self.decoder(full + self.dec_pos))
        return pred, mask

    def loss(self, patches):
        pred, mask = self(patches)
        per_patch = (pred - patches).pow(2).mean(-1)
        return (per_patch * (1 - mask)).sum() / (1 - mask).sum()


def toy_images(n):
    # smooth waves on a 12x12 grid, cut into 4x4 patches of 3x3 pixels
    yy, xx = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    fx, fy, ph = torch.rand(3, n, 1, 1)
    img = torch.sin(xx * fx * 0.8 + yy * fy * 0.8 + 6.28 * ph)
    return img.unfold(1, 3, 3).unfold(2, 3, 3).reshape(n, HP.patches, HP.patch_dim)


def main():
    torch.manual_seed(100)
    train, val = toy_images(1024), toy_images(128)
    mae = MaskedAutoencoder(HP)
    opt = torch.optim.AdamW(mae.parameters(), lr=HP.lr, betas=(0.9, 0.95), weight_decay=0.05)
    for step in range(1, HP.steps + 1):
        mae.train()
        loss = mae.loss(train[torch.randint(0, len(train), (64,))])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 40 == 0:
            mae.eval()
            with torch.no_grad():
                print(f"step {step} train {loss.item():.4f} val {mae.loss(val).item():.4f}")


if __name__ == "__main__":
    main()
