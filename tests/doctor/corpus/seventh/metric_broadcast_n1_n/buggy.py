import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


class HouseTable(Dataset):
    def __init__(self, n=1500, seed=10):
        g = torch.Generator().manual_seed(seed)
        area = 40 + 120 * torch.rand(n, generator=g)
        rooms = (area / 30 + torch.randn(n, generator=g)).round().clamp(min=1)
        age = 60 * torch.rand(n, generator=g)
        dist = 15 * torch.rand(n, generator=g)
        self.x = torch.stack([area, rooms, age, dist], dim=1)
        # price in thousands
        self.y = 2.4 * area + 9 * rooms - 0.8 * age + 300 / (2 + dist) + 12 * torch.randn(n, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Standardize(nn.Module):
    """Input scaling as the first layer, fitted once on the training rows."""

    def __init__(self, rows):
        super().__init__()
        self.register_buffer("loc", rows.mean(0))
        self.register_buffer("scale", rows.std(0))

    def forward(self, x):
        return (x - self.loc) / self.scale


class Rescale(Standardize):
    def forward(self, z):
        return z * self.scale + self.loc


class Regression:
    def __init__(self, data, cut):
        self.train_part = Subset(data, range(cut))
        self.valid_part = Subset(data, range(cut, len(data)))
        x, y = data.x[:cut], data.y[:cut]
        self.to_price = Rescale(y)
        self.net = nn.Sequential(Standardize(x), nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=3e-3)

    def loss(self, x, y):
        z = (y - self.to_price.loc) / self.to_price.scale
        return nn.functional.mse_loss(self.net(x), z.unsqueeze(1))

    def fit(self, epochs):
        loader = DataLoader(self.train_part, batch_size=50, shuffle=True)
        for epoch in range(epochs):
            self.net.train()
            for x, y in loader:
                self.opt.zero_grad()
                loss = self.loss(x, y)
                loss.backward()
                self.opt.step()
            mae, rmse = self.errors()
            print(f"epoch {epoch}: MAE {mae:.1f}k  RMSE {rmse:.1f}k")

    @torch.no_grad()
    def errors(self):
        self.net.eval()
        diffs = []
        for x, y in DataLoader(self.valid_part, batch_size=100):
            price = self.to_price(self.net(x))
            diffs.append((price - y).flatten())
        d = torch.cat(diffs)
        return d.abs().mean().item(), d.square().mean().sqrt().item()


torch.manual_seed(10)
Regression(HouseTable(), cut=1200).fit(epochs=6)
