import io

import torch
from torch import nn


class Standardize(nn.Module):
    """First layer of the net: centers and scales the raw measurements."""

    def __init__(self, n_features):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("std", torch.ones(n_features))

    def fit(self, x):
        self.mean.copy_(x.mean(dim=0))
        self.std.copy_(x.std(dim=0))

    def forward(self, x):
        return (x - self.mean) / self.std


class YieldModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = Standardize(4)
        self.body = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.body(self.scale(x)).squeeze(-1)


def measurements(n, gen):
    temp = 180 + 15 * torch.randn(n, generator=gen)
    pressure = 2.5 + 0.4 * torch.randn(n, generator=gen)
    flow = 900 + 120 * torch.randn(n, generator=gen)
    ph = 6.8 + 0.3 * torch.randn(n, generator=gen)
    gain = (temp - 180) / 15 - 0.5 * ((pressure - 2.5) / 0.4) ** 2 + 0.4 * (flow - 900) / 120
    return torch.stack([temp, pressure, flow, ph], dim=1), gain + 0.1 * torch.randn(n, generator=gen)


def mse(model, x, y):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(x), y).item()


def train(x, y, epochs=25):
    model = YieldModel()
    model.scale.fit(x)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            nn.functional.mse_loss(model(x[idx]), y[idx]).backward()
            opt.step()
    return model


torch.manual_seed(63)
gen = torch.Generator().manual_seed(63)
x_train, y_train = measurements(640, gen)
x_test, y_test = measurements(200, gen)
model = train(x_train, y_train)
print("test mse after training:", mse(model, x_test, y_test))

file = io.BytesIO()
torch.save(model.state_dict(), file)
file.seek(0)
served = YieldModel()
served.load_state_dict(torch.load(file))
print("test mse of the served model:", mse(served, x_test, y_test))
