"""SimCLR on one-dimensional signals."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


def signals(n: int) -> tuple[Tensor, Tensor]:
    """Class = frequency of the sine; phase, offset and noise are nuisance."""
    y = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 1, 48)
    phase = torch.rand(n, 1) * 6.283
    x = torch.sin(6.283 * (y[:, None] + 2) * t + phase) + torch.randn(n, 1) * 0.5
    return x + 0.1 * torch.randn(n, 48), y


def augment(x: Tensor) -> Tensor:
    shift = int(torch.randint(0, 48, (1,)))
    x = torch.roll(x, shift, dims=1) * (0.8 + 0.4 * torch.rand(len(x), 1))
    return x + 0.1 * torch.randn_like(x) + 0.5 * torch.randn(len(x), 1)


class Encoder(nn.Module):
    def __init__(self, dim: int = 32):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 16, 7, stride=2, padding=3), nn.ReLU(),
            nn.Conv1d(16, dim, 5, stride=2, padding=2), nn.ReLU(),
        )
        self.projector = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 16))

    def features(self, x: Tensor) -> Tensor:
        return self.conv(x.unsqueeze(1)).mean(dim=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.projector(self.features(x))


class NTXent(nn.Module):
    def __init__(self, temperature: float):
        super().__init__()
        self.temperature = temperature

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        n = z1.shape[0]
        z = F.normalize(torch.cat([z1, z2]), dim=1)
        sim = z @ z.t() / self.temperature
        eye = torch.eye(2 * n, dtype=torch.bool, device=z.device)
        sim = sim.masked_fill(eye, float("-inf"))
        partner = torch.arange(2 * n, device=z.device).roll(n)
        return F.cross_entropy(sim, partner)


def linear_probe(encoder: Encoder, x: Tensor, y: Tensor, x_test: Tensor, y_test: Tensor) -> float:
    encoder.eval()
    with torch.no_grad():
        f, g = encoder.features(x), encoder.features(x_test)
    mean, std = f.mean(0), f.std(0) + 1e-6
    f, g = (f - mean) / std, (g - mean) / std
    head = nn.Linear(f.shape[1], 4)
    opt = torch.optim.Adam(head.parameters(), lr=2e-2)
    for _ in range(60):
        opt.zero_grad()
        F.cross_entropy(head(f), y).backward()
        opt.step()
    with torch.no_grad():
        return (head(g).argmax(1) == y_test).float().mean().item()


def main() -> None:
    torch.manual_seed(3)
    pool, _ = signals(1024)
    encoder, criterion = Encoder(), NTXent(temperature=0.07)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=2e-3)
    for epoch in range(8):
        encoder.train()
        for idx in torch.randperm(len(pool)).split(128):
            batch = pool[idx]
            loss = criterion(encoder(augment(batch)), encoder(augment(batch)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} contrastive loss {loss.item():.3f}")
    print("linear probe", linear_probe(encoder, *signals(200), *signals(400)))


if __name__ == "__main__":
    main()
