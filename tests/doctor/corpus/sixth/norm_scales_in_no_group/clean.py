from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F


class MixerBlock(nn.Module):
    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.token_mix = nn.Linear(tokens, tokens)
        self.norm2 = nn.LayerNorm(dim)
        self.channel_mix = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.token_mix(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channel_mix(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self, tokens: int, n_in: int, dim: int, classes: int, depth: int = 2) -> None:
        super().__init__()
        self.embed = nn.Linear(n_in, dim)
        self.blocks = nn.Sequential(*(MixerBlock(tokens, dim) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.blocks(self.embed(x))).mean(dim=1))


def split_params(model: nn.Module, weight_decay: float) -> list[dict]:
    named = list(model.named_parameters())
    matrices = [p for _, p in named if p.ndim >= 2]
    vectors = [p for _, p in named if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def make_split(n: int, gen: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(n, 8, 6, generator=gen)
    y = (x[:, :4].mean(dim=(1, 2)) > x[:, 4:].mean(dim=(1, 2))).long()
    return x, y


def main() -> None:
    torch.manual_seed(6)
    gen = torch.Generator().manual_seed(60)
    train_x, train_y = make_split(800, gen)
    val_x, val_y = make_split(400, gen)
    model = Mixer(tokens=8, n_in=6, dim=24, classes=2)
    optimizer = torch.optim.AdamW(split_params(model, weight_decay=0.05), lr=2e-3)
    for epoch in range(6):
        model.train()
        for idx in torch.randperm(800).split(40):
            optimizer.zero_grad()
            F.cross_entropy(model(train_x[idx]), train_y[idx]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            acc = (model(val_x).argmax(-1) == val_y).float().mean().item()
        print(f"epoch {epoch} val acc {acc:.3f}")


if __name__ == "__main__":
    main()
