"""Quantile regression of delivery times."""
import torch
from torch.utils.data import DataLoader, Dataset
from torch import nn


class Deliveries(Dataset):
    def __init__(self, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        self.km = 20 * torch.rand(n, generator=g)
        self.hour = 24 * torch.rand(n, generator=g)
        rush = torch.exp(-((self.hour - 17.5) / 2) ** 2)
        noise = torch.empty(n).exponential_(1.0, generator=g)
        self.minutes = 5 + 2 * self.km * (1 + rush) + 6 * noise

    def __len__(self):
        return self.km.numel()

    def __getitem__(self, i):
        angle = self.hour[i] * (2 * torch.pi / 24)
        features = torch.stack([self.km[i] / 20, angle.sin(), angle.cos()])
        return features, self.minutes[i] / 60


class QuantileNet(nn.Module):
    def __init__(self, width: int = 32):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, features):
        return self.layers(features)


def pinball(predicted, wanted, q):
    diff = wanted - predicted
    return torch.maximum(q * diff, (q - 1) * diff).mean()


def coverage(net, loader):
    net.eval()
    below, n = 0, 0
    with torch.no_grad():
        for features, minutes in loader:
            below += (minutes <= net(features).reshape_as(minutes)).sum().item()
            n += len(minutes)
    return below / n


def main(q: float = 0.9, epochs: int = 10):
    torch.manual_seed(7)
    train = DataLoader(Deliveries(1000, seed=70), batch_size=32, shuffle=True)
    test = DataLoader(Deliveries(500, seed=71), batch_size=128)
    net = QuantileNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(epochs):
        net.train()
        total, seen = 0.0, 0
        for features, minutes in train:
            optimizer.zero_grad()
            loss = pinball(net(features), minutes, q)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(minutes)
            seen += len(minutes)
        print(f"{epoch}: loss {total / seen:.4f}, share below the predicted {q:.0%} quantile {coverage(net, test):.3f}")


if __name__ == "__main__":
    main()
