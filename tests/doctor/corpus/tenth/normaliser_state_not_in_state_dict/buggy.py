import os
import tempfile

import torch
import torch.nn as nn


class Standardize(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.mean = torch.zeros(n_features)
        self.std = torch.ones(n_features)

    def fit(self, x):
        self.mean = x.mean(dim=0)
        self.std = x.std(dim=0).clamp_min(1e-6)

    def forward(self, x):
        return (x - self.mean) / self.std


class HousePrice(nn.Module):
    def __init__(self, n_features=5):
        super().__init__()
        self.scale_x = Standardize(n_features)
        self.net = nn.Sequential(nn.Linear(n_features, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(self.scale_x(x)).squeeze(-1)


def houses(n):
    area = 40 + 160 * torch.rand(n)
    rooms = torch.randint(1, 7, (n,)).float()
    age = 80 * torch.rand(n)
    km = 30 * torch.rand(n)
    floor = torch.randint(0, 12, (n,)).float()
    price = 0.03 * area + 0.2 * rooms - 0.01 * age - 0.05 * km + 0.1 * torch.randn(n)
    return torch.stack([area, rooms, age, km, floor], dim=1), price


def train(path, x, y):
    model = HousePrice()
    model.scale_x.fit(x)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(15):
        model.train()
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
    print(f"last training batch mse {loss.item():.4f}")
    torch.save(model.state_dict(), path)


def test(path, x, y):
    model = HousePrice()
    model.load_state_dict(torch.load(path))
    model.eval()
    with torch.no_grad():
        print(f"test mse {nn.functional.mse_loss(model(x), y).item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    x_train, y_train = houses(1000)
    x_test, y_test = houses(300)
    with tempfile.TemporaryDirectory() as folder:
        ckpt = os.path.join(folder, "house_price.pt")
        train(ckpt, x_train, y_train)
        test(ckpt, x_test, y_test)
