import io

import torch
from torch import nn


class RunningNorm(nn.Module):
    """Standardises inputs with statistics gathered during training."""

    def __init__(self, dim, momentum=0.05, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("var", torch.ones(dim))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(x.mean(dim=0), self.momentum)
                self.var.lerp_(x.var(dim=0), self.momentum)
        return (x - self.mean) / torch.sqrt(self.var + self.eps)


class Regressor(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = RunningNorm(dim)
        self.net = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(self.norm(x)).squeeze(-1)


def weather(n):
    """Temperature in °C, wind in m/s, cloud cover in oktas; target: an evaporation index."""
    temp = 12 + 6 * torch.randn(n)
    wind = 1 + 6 * torch.rand(n)
    cloud = torch.randint(0, 9, (n,)).float()
    target = 0.04 * temp + 0.15 * wind - 0.1 * cloud + 0.1 * torch.randn(n)
    return torch.stack([temp, wind, cloud], dim=1), target


def train(model, x, y, device, epochs=10):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.MSELoss()
    model.train()
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(40):
            optimizer.zero_grad()
            loss = loss_fn(model(x[idx].to(device)), y[idx].to(device))
            loss.backward()
            optimizer.step()


def main():
    torch.manual_seed(55)
    device = torch.device("cpu")
    x, y = weather(1200)
    model = Regressor(3).to(device)
    train(model, x[:1000], y[:1000], device)

    # the training job writes a checkpoint, the prediction job reads it
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    served = Regressor(3).to(device)
    served.load_state_dict(torch.load(file, map_location=device, weights_only=True))
    served.eval()
    with torch.no_grad():
        error = (served(x[1000:].to(device)) - y[1000:].to(device)).abs().mean()
    print(f"mean absolute error on new days {error.item():.4f}")


if __name__ == "__main__":
    main()
