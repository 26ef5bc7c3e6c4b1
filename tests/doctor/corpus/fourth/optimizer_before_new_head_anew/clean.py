from typing import Iterable, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNet(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
        )
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.features(x).flatten(1))


def shapes(n: int, rule: str, gen: torch.Generator) -> Tuple[Tensor, Tensor]:
    """12x12 pictures with one bright bar; the label is its direction or its place."""
    img = 0.3 * torch.randn(n, 1, 12, 12, generator=gen)
    pos = torch.randint(12, (n,), generator=gen)
    vertical = torch.rand(n, generator=gen) < 0.5
    for i in range(n):
        if vertical[i]:
            img[i, 0, :, pos[i]] += 2.0
        else:
            img[i, 0, pos[i], :] += 2.0
    if rule == "direction":
        return img, vertical.long()
    return img, 2 * vertical.long() + (pos >= 6).long()


def batches(x: Tensor, y: Tensor, size: int, gen: torch.Generator) -> Iterable[Tuple[Tensor, Tensor]]:
    for idx in torch.randperm(len(x), generator=gen).split(size):
        yield x[idx], y[idx]


def fit(model: nn.Module, opt: torch.optim.Optimizer, x: Tensor, y: Tensor, epochs: int, gen: torch.Generator) -> None:
    model.train()
    for _ in range(epochs):
        for xb, yb in batches(x, y, 32, gen):
            opt.zero_grad()
            F.cross_entropy(model(xb), yb).backward()
            opt.step()


@torch.no_grad()
def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def main() -> None:
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(3)
    x, y = shapes(400, "direction", gen)
    model = ConvNet(num_classes=2)
    fit(model, torch.optim.Adam(model.parameters(), lr=3e-3), x, y, epochs=4, gen=gen)

    x, y = shapes(600, "quadrant", gen)
    model.fc = nn.Linear(model.fc.in_features, 4)
    optimizer = torch.optim.SGD([
        {"params": model.features.parameters(), "lr": 5e-3},
        {"params": model.fc.parameters()},
    ], lr=5e-2, momentum=0.9)
    fit(model, optimizer, x[:480], y[:480], epochs=8, gen=gen)
    print(f"accuracy on the new task: {accuracy(model, x[480:], y[480:]):.3f}")


if __name__ == "__main__":
    main()
