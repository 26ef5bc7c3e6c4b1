import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

CITIES = ["Seoul", "Lyon", "Graz", "Porto", "Lima"]
EFFECT = torch.tensor([[2.5, -1.0], [0.3, 0.8], [-0.6, 1.5], [0.0, -2.0], [1.0, 1.0]])


class Sales(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        share = torch.tensor([0.5, 0.2, 0.1, 0.1, 0.1])
        self.city = torch.multinomial(share, n, replacement=True, generator=g)
        self.num = torch.rand(n, 2, generator=g)
        e = EFFECT[self.city]
        self.y = e[:, 0] + e[:, 1] * self.num[:, 0] * 3 + 0.1 * torch.randn(n, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.city[i], self.num[i], self.y[i]


class Bilinear(nn.Module):
    """Each city has its own vector, multiplied with a projection of the numbers."""

    def __init__(self, n_city, dim):
        super().__init__()
        self.city = nn.Embedding(n_city, dim, padding_idx=0)
        self.num = nn.Linear(2, dim)
        nn.init.normal_(self.num.weight, std=0.3)

    def forward(self, city, num):
        return (self.city(city) * self.num(num)).sum(1)


def rmse(model, ds):
    model.eval()
    with torch.no_grad():
        e = model(ds.city, ds.num) - ds.y
    return [round(e[ds.city == k].square().mean().sqrt().item(), 3) for k in range(len(CITIES))]


def main():
    torch.manual_seed(24)
    train, test = Sales(1500, 1), Sales(500, 2)
    model = Bilinear(len(CITIES), 6)
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    loss_fn = nn.MSELoss()
    for epoch in range(15):
        model.train()
        for city, num, y in DataLoader(train, batch_size=50, shuffle=True):
            opt.zero_grad()
            loss_fn(model(city, num), y).backward()
            opt.step()
    for name, e in zip(CITIES, rmse(model, test)):
        print(f"{name:6s} RMSE {e}")


main()
