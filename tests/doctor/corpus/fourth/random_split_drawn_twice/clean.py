import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, TensorDataset, random_split


class SineModule:
    """Keeps the data of one experiment; hands out loaders on demand."""

    def __init__(self, n: int = 300, dim: int = 8, batch_size: int = 24) -> None:
        x = torch.rand(n, dim) * 4 - 2
        y = torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] + 0.5 * torch.randn(n)
        self.dataset = TensorDataset(x, y)
        self.batch_size = batch_size

    def _parts(self):
        generator = torch.Generator().manual_seed(42)
        return random_split(self.dataset, [0.7, 0.3], generator=generator)

    def train_dataloader(self) -> DataLoader:
        part, _ = self._parts()
        return DataLoader(part, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        _, part = self._parts()
        return DataLoader(part, batch_size=self.batch_size)


class Regressor(nn.Module):
    def __init__(self, dim: int = 8, width: int = 96) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x)).squeeze(-1)


class Engine:
    def __init__(self, model: nn.Module, epochs: int) -> None:
        self.model, self.epochs = model, epochs
        self.optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=epochs)

    def run(self, data: SineModule) -> float:
        train = data.train_dataloader()
        for _ in range(self.epochs):
            self.model.train()
            for x, y in train:
                self.optimizer.zero_grad()
                nn.functional.mse_loss(self.model(x), y).backward()
                self.optimizer.step()
            self.scheduler.step()
        return self.validate(data.val_dataloader())

    @torch.no_grad()
    def validate(self, loader: DataLoader) -> float:
        self.model.eval()
        total = sum(nn.functional.mse_loss(self.model(x), y, reduction="sum").item() for x, y in loader)
        return total / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(21)
    score = Engine(Regressor(), epochs=40).run(SineModule())
    print(f"validation MSE {score:.4f}")
