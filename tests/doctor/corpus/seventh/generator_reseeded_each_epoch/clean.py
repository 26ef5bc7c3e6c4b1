"""Denoising autoencoder on little sine patches; noise is drawn anew whenever a patch is shown."""
import math
from typing import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 32


def patches(n: int, g: torch.Generator) -> Tensor:
    t = torch.linspace(0, 1, PATCH)
    freq = 1 + 3 * torch.rand(n, 1, generator=g)
    phase = 2 * math.pi * torch.rand(n, 1, generator=g)
    other = 2 * math.pi * torch.rand(n, 1, generator=g)
    return torch.sin(2 * math.pi * freq * t + phase) + 0.4 * torch.sin(6 * math.pi * freq * t + other)


def noisy_batches(clean: Tensor, size: int, sigma: float, epoch: int, seed: int = 1000) -> Iterator[tuple[Tensor, Tensor]]:
    """Reproducible: a run that is resumed at `epoch` sees the batches that it would have seen."""
    g = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(len(clean), generator=g)
    for idx in order.split(size):
        target = clean[idx]
        yield target + sigma * torch.randn(target.shape, generator=g), target


class Denoiser(nn.Module):
    def __init__(self, width: int = 64, code: int = 12):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(PATCH, width), nn.ReLU(), nn.Linear(width, code))
        self.decode = nn.Sequential(nn.ReLU(), nn.Linear(code, width), nn.ReLU(), nn.Linear(width, PATCH))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def fit(model: nn.Module, clean: Tensor, epochs: int, sigma: float) -> list[float]:
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    curve = []
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for noisy, target in noisy_batches(clean, 20, sigma, epoch):
            optimizer.zero_grad()
            loss = F.mse_loss(model(noisy), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)
        curve.append(total / len(clean))
    return curve


@torch.no_grad()
def test_error(model: nn.Module, clean: Tensor, sigma: float) -> float:
    model.eval()
    g = torch.Generator().manual_seed(77)
    noisy = clean + sigma * torch.randn(clean.shape, generator=g)
    return F.mse_loss(model(noisy), clean).item()


if __name__ == "__main__":
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(5)
    train, test = patches(200, g), patches(300, g)
    model = Denoiser()
    curve = fit(model, train, epochs=120, sigma=0.5)
    print(f"last training loss {curve[-1]:.4f}")
    print(f"test error         {test_error(model, test, sigma=0.5):.4f}")
