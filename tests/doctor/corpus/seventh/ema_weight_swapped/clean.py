from __future__ import annotations

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class ModelEMA:
    """Exponential moving average of the weights, used for evaluation."""

    def __init__(self, model: nn.Module, decay: float = 0.99) -> None:
        self.decay = decay
        self.module = copy.deepcopy(model).eval()
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        live = model.state_dict()
        for name, avg in self.module.state_dict().items():
            if avg.dtype.is_floating_point:
                avg.lerp_(live[name], 1.0 - self.decay)
            else:
                avg.copy_(live[name])


class ResMLP(nn.Module):
    def __init__(self, dim: int, width: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Linear(dim, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width)) for _ in range(2)
        )
        self.out = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.out(x)


def mixture(n: int, gen: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    kind = torch.randint(0, 6, (n,), generator=gen)
    angle = kind * torch.pi / 3
    center = torch.stack([angle.cos(), angle.sin()], dim=1)
    x = torch.randn(n, 10, generator=gen)
    x[:, :2] = 1.5 * center + 0.6 * x[:, :2]
    return x, kind


@torch.no_grad()
def nll(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    return F.cross_entropy(model(x), y).item()


def main() -> None:
    torch.manual_seed(6)
    gen = torch.Generator().manual_seed(66)
    x, y = mixture(1500, gen)
    x_test, y_test = mixture(1000, gen)
    model = ResMLP(10, 32, 6)
    ema = ModelEMA(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(14):
        model.train()
        for idx in torch.randperm(len(x)).split(20):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            ema.update(model)
    print(f"test nll: live {nll(model, x_test, y_test):.4f}, averaged {nll(ema.module, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
