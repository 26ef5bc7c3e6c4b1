from typing import Callable, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Compose:
    def __init__(self, steps: List[Callable[[Tensor], Tensor]]) -> None:
        self.steps = steps

    def __call__(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)
        return x


class GaussianNoise:
    def __init__(self, sigma: float) -> None:
        self.sigma = sigma

    def __call__(self, x: Tensor) -> Tensor:
        return x.add_(self.sigma * torch.randn_like(x))


class RandomGain:
    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, x: Tensor) -> Tensor:
        return x.mul_(torch.empty(1).uniform_(self.low, self.high))


class Tones(Dataset):
    """Short tones of five pitches; the label is the pitch."""

    def __init__(self, n: int, seed: int, transform: Optional[Callable[[Tensor], Tensor]] = None) -> None:
        g = torch.Generator().manual_seed(seed)
        self.pitch = torch.randint(0, 5, (n,), generator=g)
        t = torch.arange(80) / 80
        phase = 6.2832 * torch.rand(n, 1, generator=g)
        self.wave = torch.sin(6.2832 * (4 + 2 * self.pitch[:, None]) * t + phase)
        self.transform = transform

    def __len__(self) -> int:
        return self.pitch.numel()

    def __getitem__(self, i: int) -> Tuple[Tensor, Tensor]:
        wave = self.wave[i]
        if self.transform is not None:
            wave = self.transform(wave)
        return wave.unsqueeze(0), self.pitch[i]


def make_model() -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(1, 16, 15, stride=2, padding=7), nn.ReLU(), nn.AdaptiveMaxPool1d(4), nn.Flatten(),
                         nn.Linear(64, 5))


def fit(model: nn.Module, loader: DataLoader, epochs: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    model.train()
    for _ in range(epochs):
        for wave, pitch in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(wave), pitch).backward()
            optimizer.step()


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    with torch.inference_mode():
        hits = [(model(w).argmax(1) == p) for w, p in loader]
    return torch.cat(hits).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(3)
    noisy = Compose([RandomGain(0.7, 1.3), GaussianNoise(1.2)])
    train_loader = DataLoader(Tones(300, 0, noisy), batch_size=30, shuffle=True)
    test_loader = DataLoader(Tones(100, 1), batch_size=50)
    net = make_model()
    fit(net, train_loader, epochs=10)
    print(f"test accuracy {accuracy(net, test_loader):.3f}")
