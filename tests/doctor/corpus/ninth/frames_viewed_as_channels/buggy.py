from typing import Tuple

import torch
from torch import Tensor, nn


def mel_like(count: int, frames: int = 60, bands: int = 16) -> Tuple[Tensor, Tensor]:
    """Band energies with one short rising, falling, or held tone; shape (count, frames, bands)."""
    label = torch.randint(0, 3, (count,))
    middle = 10 + (frames - 20) * torch.rand(count, 1)
    slope = torch.tensor([0.8, -0.8, 0.0])[label].unsqueeze(1)
    t = torch.arange(frames) - middle
    centre = 5 + 6 * torch.rand(count, 1) + slope * t
    loud = torch.exp(-0.5 * (t / 3) ** 2).unsqueeze(-1)
    energy = loud * torch.exp(-0.5 * (torch.arange(bands) - centre.unsqueeze(-1)) ** 2)
    return 2 * energy + 0.25 * torch.randn(count, frames, bands), label


class KeywordNet(nn.Module):
    def __init__(self, bands: int = 16, classes: int = 3) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(bands, 32, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(32, 32, 5, padding=2),
            nn.ReLU(),
        )
        self.out = nn.Linear(32, classes)

    def forward(self, x: Tensor) -> Tensor:
        batch, frames, bands = x.shape
        x = x.view(batch, bands, frames)
        h = self.conv(x)
        return self.out(h.amax(dim=-1))


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main() -> None:
    torch.manual_seed(10)
    train_x, train_y = mel_like(700)
    val_x, val_y = mel_like(300)
    mu, sd = train_x.mean(), train_x.std()
    train_x, val_x = (train_x - mu) / sd, (val_x - mu) / sd
    model = KeywordNet()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    ce = nn.CrossEntropyLoss()
    for epoch in range(5):
        model.train()
        for idx in torch.randperm(len(train_x)).split(50):
            opt.zero_grad()
            ce(model(train_x[idx]), train_y[idx]).backward()
            opt.step()
        print(f"epoch {epoch}: val acc {accuracy(model, val_x, val_y):.3f}")


if __name__ == "__main__":
    main()
