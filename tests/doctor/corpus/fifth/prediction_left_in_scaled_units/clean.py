import numpy as np
import torch
import torch.nn as nn


class Standard:
    """Column-wise standardisation for tensors."""

    def fit(self, a):
        self.mu, self.sd = a.mean(0), a.std(0)
        return self

    def forward(self, a):
        return (a - self.mu) / self.sd

    def backward(self, a):
        return a * self.sd + self.mu


def load_flats(n=1400, seed=6):
    rng = np.random.default_rng(seed)
    area = rng.uniform(25, 160, n)
    floor = rng.integers(0, 12, n)
    age = rng.uniform(0, 80, n)
    price = 3.1 * area * (1 - age / 250) + 2.0 * floor + rng.normal(0, 12, n)  # kEUR
    x = torch.tensor(np.c_[area, floor, age], dtype=torch.float32)
    return x, torch.tensor(price, dtype=torch.float32)


x, price = load_flats()
x_train, price_train = x[:1100], price[:1100]
x_test, price_test = x[1100:], price[1100:]
in_scale = Standard().fit(x_train)
out_scale = Standard().fit(price_train)

torch.manual_seed(6)
net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
optim = torch.optim.Adam(net.parameters(), lr=5e-3)
inputs, targets = in_scale.forward(x_train), out_scale.forward(price_train)

for epoch in range(15):
    net.train()
    for idx in torch.randperm(len(inputs)).split(55):
        optim.zero_grad()
        nn.functional.mse_loss(net(inputs[idx]), targets[idx]).backward()
        optim.step()


@torch.no_grad()
def predict(features):
    net.eval()
    return out_scale.backward(net(in_scale.forward(features)))


error = predict(x_test) - price_test
print(f"MAE {error.abs().mean():.1f} kEUR, bias {error.mean():.1f} kEUR")
