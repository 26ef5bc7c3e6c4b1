import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class CountNet(nn.Module):
    """Expected number of calls per hour; the rate must be positive."""

    def __init__(self, d, h=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, 1), nn.Softplus())

    def forward(self, x):
        return self.net(x).squeeze(-1)


def simulate(n):
    x = torch.randn(n, 4)
    rate = torch.exp(0.8 + 0.5 * x[:, 0] - 0.4 * x[:, 1])
    return x, rate, torch.poisson(rate)


def fit(model, loader, epochs, lr, criterion=nn.PoissonNLLLoss()):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for x, calls in loader:
            opt.zero_grad()
            criterion(model(x), calls).backward()
            opt.step()
    return model.eval()


torch.manual_seed(45)
x, _, calls = simulate(1500)
model = fit(CountNet(4), DataLoader(TensorDataset(x, calls), batch_size=50, shuffle=True), epochs=12, lr=5e-3)

x, rate, calls = simulate(500)
with torch.no_grad():
    pred = model(x)
print("mean predicted rate", pred.mean().item(), "mean calls", calls.mean().item())
print("MAE against the true rate", (pred - rate).abs().mean().item())
