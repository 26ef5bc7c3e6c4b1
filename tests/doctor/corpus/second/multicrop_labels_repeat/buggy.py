from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Stripes(Dataset[tuple[Tensor, Tensor]]):
    """Noisy 14x14 images with stripes in one of four directions; every item gives several random crops."""

    def __init__(self, n: int, crops: int, seed: int) -> None:
        g = torch.Generator().manual_seed(seed)
        self.labels: Tensor = torch.randint(0, 4, (n,), generator=g)
        yy, xx = torch.meshgrid(torch.arange(14.0), torch.arange(14.0), indexing="ij")
        waves = torch.stack([xx, yy, (xx + yy) / 1.414, (xx - yy) / 1.414])
        phase = torch.rand(n, 1, 1, generator=g) * 6.28
        noise = 0.4 * torch.randn(n, 14, 14, generator=g)
        self.images: Tensor = torch.sin(1.4 * waves[self.labels] + phase) + noise
        self.crops = crops

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        out = []
        for _ in range(self.crops):
            r, c = torch.randint(0, 5, (2,)).tolist()
            out.append(self.images[i, r : r + 10, c : c + 10])
        return torch.stack(out).unsqueeze(1), self.labels[i]


def flatten_crops(views: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    n, k = views.shape[:2]
    return views.flatten(0, 1), labels.repeat(k)


class SmallConv(nn.Module):
    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU()
        )
        self.head = nn.Linear(16, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean(dim=(2, 3)))


@torch.inference_mode()
def accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    good = 0
    for views, labels in loader:
        n, k = views.shape[:2]
        scores = model(views.flatten(0, 1)).view(n, k, -1).mean(1)
        good += int((scores.argmax(1) == labels).sum())
    return good / len(loader.dataset)


def train(epochs: int = 6) -> None:
    torch.manual_seed(5)
    train_loader = DataLoader(Stripes(320, 3, seed=1), batch_size=32, shuffle=True)
    test_loader = DataLoader(Stripes(160, 3, seed=2), batch_size=32)
    model = SmallConv()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        for views, labels in train_loader:
            x, y = flatten_crops(views, labels)
            loss = loss_fn(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: last loss {loss.item():.3f}, test accuracy {accuracy(model, test_loader):.3f}")


train()
