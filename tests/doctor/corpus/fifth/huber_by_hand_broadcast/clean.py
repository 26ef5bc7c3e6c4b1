import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Rentals(Dataset):
    """Hourly bike rentals: three weather features -> demand (in hundreds)."""

    def __init__(self, n, rng):
        self.x = rng.normal(size=(n, 3)).astype(np.float32)
        noise = rng.standard_t(df=3, size=n) * 0.1
        self.y = (2.0 * self.x[:, 0] - self.x[:, 1] * self.x[:, 2] + noise).astype(np.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class DemandNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.h1 = nn.Linear(3, 32)
        self.h2 = nn.Linear(32, 32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.h1(x))
        x = torch.relu(self.h2(x))
        return self.out(x).squeeze(1)


def huber(pred, target, delta=1.0):
    err = (pred - target).abs()
    return torch.where(err <= delta, 0.5 * err ** 2, delta * (err - 0.5 * delta)).mean()


torch.manual_seed(0)
rng = np.random.default_rng(0)
train_loader = DataLoader(Rentals(900, rng), batch_size=50, shuffle=True)
test_loader = DataLoader(Rentals(300, rng), batch_size=100)
net = DemandNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(8):
    net.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = huber(net(xb), yb)
        loss.backward()
        optimizer.step()

net.eval()
abs_err = []
with torch.no_grad():
    for xb, yb in test_loader:
        abs_err.append((net(xb).flatten() - yb).abs())
print("test MAE:", torch.cat(abs_err).mean().item())
