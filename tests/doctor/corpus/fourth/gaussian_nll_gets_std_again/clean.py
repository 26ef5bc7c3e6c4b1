"""Heteroscedastic regression with prediction intervals."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MeanAndSpread(nn.Module):
    """Predicts the mean and the standard deviation of a normal distribution."""

    def __init__(self, hidden: int = 40) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.mean = nn.Linear(hidden, 1)
        self.spread = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.trunk(x)
        sigma = F.softplus(self.spread(h)) + 1e-3
        return self.mean(h), sigma


def generate(n: int) -> tuple[Tensor, Tensor]:
    x = torch.rand(n, 1) * 4 - 2
    noise = 0.05 + 0.15 * (x + 2)
    return x, torch.sin(2 * x) + noise * torch.randn(n, 1)


def coverage(model: MeanAndSpread, x: Tensor, y: Tensor, z: float = 1.96) -> float:
    """Share of targets inside the 95 % interval."""
    model.eval()
    with torch.no_grad():
        mean, sigma = model(x)
    return ((y - mean).abs() <= z * sigma).float().mean().item()


def fit(model: MeanAndSpread, x: Tensor, y: Tensor, epochs: int, batch: int, lr: float) -> None:
    criterion = nn.GaussianNLLLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(batch):
            mean, sigma = model(x[idx])
            loss = criterion(mean, y[idx], sigma.square())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: negative log-likelihood {total / len(x):.3f}")


def main() -> None:
    torch.manual_seed(12)
    x_train, y_train = generate(1500)
    x_test, y_test = generate(1000)
    model = MeanAndSpread()
    fit(model, x_train, y_train, epochs=30, batch=50, lr=3e-3)
    print(f"95% interval covers {coverage(model, x_test, y_test):.3f} of the test targets")


if __name__ == "__main__":
    main()
