from typing import Iterator, Tuple

import torch
import torch.nn as nn
import torch.nn.functional as F

EPOCHS = 10
BATCH = 25
LR = 0.05


def make_moons(n: int, noise: float, g: torch.Generator) -> Tuple[torch.Tensor, torch.Tensor]:
    t = torch.rand(n, generator=g) * torch.pi
    lower = torch.arange(n) % 2
    x = torch.where(lower.bool(), 1 - t.cos(), t.cos())
    y = torch.where(lower.bool(), 0.5 - t.sin(), t.sin())
    pts = torch.stack([x - 0.5, y - 0.25], dim=1)
    return pts + noise * torch.randn(n, 2, generator=g), lower


def minibatches(x: torch.Tensor, y: torch.Tensor, size: int) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
    order = torch.randperm(len(x))
    for start in range(0, len(x), size):
        take = order[start:start + size]
        yield x[take], y[take]


class Classifier(nn.Module):
    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.l1 = nn.Linear(2, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.l3 = nn.Linear(hidden, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.l3(torch.tanh(self.l2(torch.tanh(self.l1(x)))))


def train_epoch(model, optimizer, x, y) -> float:
    model.train()
    total = 0.0
    for xb, yb in minibatches(x, y, BATCH):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        total += loss.detach().item() * len(xb)
    optimizer.step()
    return total / len(x)


def test_accuracy(model, x, y) -> float:
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


def main() -> None:
    torch.manual_seed(6)
    g = torch.Generator().manual_seed(0)
    x_train, y_train = make_moons(1000, 0.15, g)
    x_test, y_test = make_moons(400, 0.15, g)
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
    for epoch in range(EPOCHS):
        loss = train_epoch(model, optimizer, x_train, y_train)
        print(f"[{epoch + 1:02d}/{EPOCHS}] loss={loss:.4f} acc={test_accuracy(model, x_test, y_test):.3f}")


if __name__ == "__main__":
    main()
