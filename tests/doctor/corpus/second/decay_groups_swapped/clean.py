from __future__ import annotations

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.lin1 = nn.Linear(width, 2 * width)
        self.lin2 = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.lin2(torch.relu(self.lin1(self.norm(x))))


class Net(nn.Module):
    def __init__(self, n_in: int, width: int, depth: int, n_out: int) -> None:
        super().__init__()
        self.stem = nn.Linear(n_in, width)
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    matrices, vectors = [], []
    for p in model.parameters():
        (matrices if p.ndim >= 2 else vectors).append(p)
    return matrices, vectors


def make_optimizer(model: nn.Module, lr: float, wd: float) -> torch.optim.Optimizer:
    matrices, vectors = split_parameters(model)
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": wd},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=lr,
    )


def main() -> None:
    torch.manual_seed(13)
    x = torch.randn(700, 20)
    y = (x[:, :4] * torch.tensor([1.0, -1.0, 0.5, 2.0])).sum(1, keepdim=True) + 4.0
    y = y + torch.randn(700, 1)
    model = Net(20, 32, 2, 1)
    opt = make_optimizer(model, lr=4e-3, wd=0.5)
    loss_fn = nn.MSELoss()
    for _ in range(60):
        model.train()
        for idx in torch.randperm(200).split(40):
            opt.zero_grad()
            loss_fn(model(x[idx]), y[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("test mse", loss_fn(model(x[200:]), y[200:]).item())


if __name__ == "__main__":
    main()
