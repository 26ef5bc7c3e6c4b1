import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class HeteroNet(nn.Module):
    """Predicts a mean and a standard deviation for every input."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
        self.mean = nn.Linear(48, 1)
        self.raw = nn.Linear(48, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h).squeeze(-1), nn.functional.softplus(self.raw(h)).squeeze(-1) + 1e-3


def measurements(n, g):
    x = torch.rand(n, 1, generator=g) * 4 - 2
    sigma = 0.1 + 0.25 * (x[:, 0] + 2) / 4
    y = torch.sin(1.5 * x[:, 0]) + sigma * torch.randn(n, generator=g)
    return x, y


def fit(model, loader, epochs):
    criterion = nn.GaussianNLLLoss()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(epochs):
        model.train()
        for x, y in loader:
            mu, std = model(x)
            loss = criterion(mu, y, std ** 2)
            opt.zero_grad()
            loss.backward()
            opt.step()


def coverage(model, x, y, level=0.9):
    """Share of targets inside the central interval of the predicted normal distribution."""
    z = torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor(0.5 + level / 2))
    model.eval()
    with torch.no_grad():
        mu, std = model(x)
    return ((y - mu).abs() <= z * std).float().mean().item(), std.mean().item()


def main():
    torch.manual_seed(11)
    g = torch.Generator().manual_seed(11)
    model = HeteroNet()
    fit(model, DataLoader(TensorDataset(*measurements(1500, g)), batch_size=50, shuffle=True), 15)
    cov, std = coverage(model, *measurements(1000, g))
    print(f"coverage of the 90% interval {cov:.3f}, mean predicted std {std:.3f} (true 0.225)")


main()
