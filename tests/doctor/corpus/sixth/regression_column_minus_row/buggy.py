import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def house_table(n, seed):
    """area, age, rooms -> price (100 k) with a district and a kind column."""
    g = np.random.default_rng(seed)
    area, age, rooms = g.normal(90, 25, n), g.uniform(0, 80, n), g.integers(1, 7, n)
    district, kind = g.integers(0, 6, n), g.integers(0, 3, n)
    price = 0.03 * area - 0.01 * age + 0.15 * rooms + 0.4 * district + 0.3 * (kind == 2) + g.normal(0, 0.15, n)
    num = np.stack([area, age, rooms], 1)
    return num.astype("float32"), np.stack([district, kind], 1), price.astype("float32")


def log_cosh(pred, target):
    d = pred - target
    # softplus form: cosh itself overflows
    return (d + nn.functional.softplus(-2 * d) - np.log(2.0)).mean()


class TabNet(nn.Module):
    def __init__(self, n_num, cardinalities, width=64):
        super().__init__()
        self.embeds = nn.ModuleList(nn.Embedding(c, 4) for c in cardinalities)
        self.norm = nn.BatchNorm1d(n_num)
        self.head = nn.Sequential(
            nn.Linear(n_num + 4 * len(cardinalities), width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 1),
        )

    def forward(self, num, cat):
        num = self.norm(num)
        cats = [e(cat[:, j]) for j, e in enumerate(self.embeds)]
        return self.head(torch.cat([num] + cats, dim=1))


def loader_of(n, seed, shuffle):
    num, cat, y = house_table(n, seed)
    ds = TensorDataset(torch.from_numpy(num), torch.from_numpy(cat), torch.from_numpy(y))
    return DataLoader(ds, batch_size=50, shuffle=shuffle)


def r2(model, loader):
    model.eval()
    with torch.no_grad():
        pred = torch.cat([model(n, c) for n, c, _ in loader]).squeeze(1)
    y = loader.dataset.tensors[2]
    return 1 - ((pred - y) ** 2).sum().item() / ((y - y.mean()) ** 2).sum().item()


torch.manual_seed(12)
train, valid = loader_of(1000, 1, True), loader_of(250, 2, False)
model = TabNet(3, [6, 3])
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
for epoch in range(10):
    model.train()
    for num, cat, y in train:
        opt.zero_grad()
        loss = log_cosh(model(num, cat), y)
        loss.backward()
        opt.step()
    print(f"epoch {epoch:2d}  valid R2 {r2(model, valid):.3f}")
