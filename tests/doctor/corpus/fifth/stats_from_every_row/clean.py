from typing import Tuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset


class SensorTable(Dataset):
    """Rows of raw sensor readings, standardised with the statistics of the rows in `fit_on`."""

    def __init__(self, rows: Tensor, target: Tensor, fit_on: Tensor) -> None:
        reference = rows[fit_on]
        self.rows = (rows - reference.mean(dim=0)) / reference.std(dim=0).clamp_min(1e-6)
        self.target = target

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> Tuple[Tensor, Tensor]:
        return self.rows[i], self.target[i]


def readings(n: int = 360) -> Tuple[Tensor, Tensor]:
    scale = torch.tensor([1.0, 40.0, 0.02, 7.0, 300.0])
    raw = torch.exp(0.6 * torch.randn(n, 5)) * scale
    rel = raw / scale
    return raw, torch.log(rel[:, 0] * rel[:, 3]) + 0.3 * rel[:, 4] + 0.1 * torch.randn(n)


def fit(model: nn.Module, loader: DataLoader, epochs: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(epochs):
        for rows, target in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(rows).squeeze(1), target)
            loss.backward()
            optimizer.step()


@torch.no_grad()
def rmse(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    total, count = 0.0, 0
    for rows, target in loader:
        total += (model(rows).squeeze(1) - target).pow(2).sum().item()
        count += len(target)
    return (total / count) ** 0.5


def main() -> None:
    torch.manual_seed(11)
    raw, target = readings()
    order = torch.randperm(len(raw))
    kept, held = order[:240], order[240:]
    table = SensorTable(raw, target, fit_on=kept)
    train_loader = DataLoader(Subset(table, kept.tolist()), batch_size=24, shuffle=True)
    test_loader = DataLoader(Subset(table, held.tolist()), batch_size=60)
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    fit(model, train_loader, epochs=25)
    print(f"test rmse {rmse(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
