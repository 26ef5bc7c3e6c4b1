# %%
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

COLUMNS = {"city": 12, "product": 30, "weekday": 7}

# %%
class Sales(Dataset):
    effects = {c: torch.randn(n, generator=torch.Generator().manual_seed(n)) for c, n in COLUMNS.items()}

    def __init__(self, n, seed):
        gen = torch.Generator().manual_seed(seed)
        self.table = {c: torch.randint(k, (n,), generator=gen) for c, k in COLUMNS.items()}
        self.price = torch.rand(n, generator=gen)
        e = {c: self.effects[c][v] for c, v in self.table.items()}
        self.sold = e["city"] + e["product"] * (1 - self.price) + 0.5 * e["weekday"] + 0.1 * torch.randn(n, generator=gen)

    def __len__(self):
        return len(self.price)

    def __getitem__(self, i):
        row = {c: v[i] for c, v in self.table.items()}
        row["price"] = self.price[i]
        return row, self.sold[i]

# %%
class TabularNet(nn.Module):
    def __init__(self, columns, dim=8, hidden=64):
        super().__init__()
        self.columns = list(columns)
        self.tables = nn.ModuleDict({c: nn.Embedding(n, dim) for c, n in columns.items()})
        self.mlp = nn.Sequential(
            nn.Linear(dim * len(columns) + 1, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, row):
        parts = [self.tables[c](row[c]) for c in self.columns]
        parts.append(row["price"].unsqueeze(1))
        return self.mlp(torch.cat(parts, dim=1)).squeeze(1)

# %%
torch.manual_seed(3)
train = DataLoader(Sales(1200, seed=1), batch_size=64, shuffle=True)
test = DataLoader(Sales(400, seed=2), batch_size=200)
net = TabularNet(COLUMNS)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
mse = nn.MSELoss()

# %%
for epoch in range(10):
    net.train()
    for row, sold in train:
        opt.zero_grad()
        mse(net(row), sold).backward()
        opt.step()
    net.eval()
    err = n = 0
    with torch.no_grad():
        for row, sold in test:
            err += ((net(row) - sold) ** 2).sum().item()
            n += len(sold)
    print(epoch, "test rmse", round((err / n) ** 0.5, 4))
