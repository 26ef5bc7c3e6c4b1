from __future__ import annotations

import torch
import torch.nn as nn
from torch import Tensor


class BestKeeper:
    """Remembers the weights that gave the lowest validation loss."""

    def __init__(self) -> None:
        self.loss: float = float("inf")
        self.epoch: int = -1
        self.weights: dict[str, Tensor] = {}

    def offer(self, epoch: int, loss: float, model: nn.Module) -> None:
        if loss < self.loss:
            self.loss, self.epoch = loss, epoch
            self.weights = {name: t.detach() for name, t in model.state_dict().items()}

    def restore(self, model: nn.Module) -> nn.Module:
        model.load_state_dict(self.weights)
        return model


def polynomial(n: int, noise: float) -> tuple[Tensor, Tensor]:
    x = torch.rand(n, 1) * 4 - 2
    return x.repeat(1, 6) ** torch.arange(1, 7), x ** 3 - 2 * x + noise * torch.randn(n, 1)


@torch.no_grad()
def mse(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    return nn.functional.mse_loss(model(x), y).item()


def main(epochs: int = 120) -> None:
    torch.manual_seed(14)
    x, y = polynomial(40, noise=1.0)
    x_val, y_val = polynomial(100, noise=1.0)
    x_test, y_test = polynomial(200, noise=1.0)
    mean, std = x.mean(0), x.std(0)
    x, x_val, x_test = ((t - mean) / std for t in (x, x_val, x_test))

    model = nn.Sequential(nn.Linear(6, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    keeper = BestKeeper()
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(10):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            optimizer.step()
        keeper.offer(epoch, mse(model, x_val, y_val), model)

    best = keeper.restore(model)
    print(f"best epoch {keeper.epoch} val {keeper.loss:.3f} -> test {mse(best, x_test, y_test):.3f}")


if __name__ == "__main__":
    main()
