from dataclasses import dataclass, field
import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Standardizer:
    mean: Tensor = field(default_factory=lambda: torch.zeros(1))
    std: Tensor = field(default_factory=lambda: torch.ones(1))

    @classmethod
    def from_data(cls, x: Tensor) -> "Standardizer":
        return cls(x.mean(dim=0), x.std(dim=0).clamp_min(1e-6))

    def __call__(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


def houses(n: int, g: torch.Generator):
    sqm = torch.empty(n).uniform_(40, 220, generator=g)
    year = torch.randint(1900, 2024, (n,), generator=g).float()
    rooms = (sqm / 28).round() + torch.randint(-1, 2, (n,), generator=g)
    distance = torch.empty(n).exponential_(0.2, generator=g)
    price = 2.4 * sqm + 0.8 * (year - 1900) + 12 * rooms - 6 * distance
    price = price + 20 * torch.randn(n, generator=g)
    return torch.stack([sqm, year, rooms, distance], dim=1), price / 100


class Estimator:
    def __init__(self, width: int = 32, lr: float = 5e-3) -> None:
        self.net = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 1), nn.Flatten(0))
        self.prep = Standardizer()
        self.lr = lr

    def fit(self, x: Tensor, y: Tensor, epochs: int = 20) -> "Estimator":
        self.prep = Standardizer.from_data(x)
        loader = DataLoader(TensorDataset(self.prep(x), y), batch_size=50, shuffle=True)
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        criterion = nn.HuberLoss()
        self.net.train()
        for _ in range(epochs):
            for xb, yb in loader:
                optimizer.zero_grad()
                criterion(self.net(xb), yb).backward()
                optimizer.step()
        return self

    @torch.no_grad()
    def predict(self, x: Tensor) -> Tensor:
        self.net.eval()
        return self.net(x)


def main() -> None:
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(42)
    x_train, y_train = houses(800, g)
    x_new, y_new = houses(200, g)
    est = Estimator().fit(x_train, y_train)
    error = (est.predict(x_new) - y_new).abs().mean()
    print(f"mean absolute error on new houses: {error.item():.3f}")


main()
