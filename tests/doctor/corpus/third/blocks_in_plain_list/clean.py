"""Residual MLP on a synthetic tabular regression problem."""
from typing import List, Tuple

import torch
from torch import Tensor, nn


class ResBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out = self.down(torch.nn.functional.gelu(self.up(self.norm(x))))
        out = out.add(x)
        return out


class TabularNet(nn.Module):
    def __init__(self, in_dim: int, width: int = 32, depth: int = 4) -> None:
        super().__init__()
        self.stem = nn.Linear(in_dim, width)
        self.blocks = nn.ModuleList([ResBlock(width) for _ in range(depth)])
        self.out_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.stem(x)
        for block in self.blocks:
            h = block(h)
        return self.head(self.out_norm(h)).squeeze(-1)


def make_data(n: int, gen: torch.Generator) -> Tuple[Tensor, Tensor]:
    x = torch.rand(n, 6, generator=gen) * 2 - 1
    y = torch.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2].abs() - x[:, 3] * x[:, 4]
    return x, y + 0.05 * torch.randn(n, generator=gen)


def fit(model: nn.Module, x: Tensor, y: Tensor, epochs: int, batch: int) -> List[float]:
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)
    history: List[float] = []
    for _ in range(epochs):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(batch):
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        history.append(total / len(x))
    return history


@torch.no_grad()
def rmse(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    return nn.functional.mse_loss(model(x), y).sqrt().item()


def main() -> None:
    torch.manual_seed(11)
    gen = torch.Generator().manual_seed(12)
    x_tr, y_tr = make_data(1000, gen)
    x_va, y_va = make_data(300, gen)
    model = TabularNet(x_tr.shape[1])
    history = fit(model, x_tr, y_tr, epochs=12, batch=50)
    print(f"train mse {history[-1]:.4f}  val rmse {rmse(model, x_va, y_va):.4f}")


if __name__ == "__main__":
    main()
