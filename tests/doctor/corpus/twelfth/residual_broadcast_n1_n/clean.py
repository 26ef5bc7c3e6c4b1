import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Concrete(Dataset):
    """strength of a mix from its ingredients (made up)"""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.x = rng.uniform(-1, 1, (n, 6)).astype("float32")
        y = 2 * self.x[:, 0] - self.x[:, 1] ** 2 + np.sin(3 * self.x[:, 2])
        self.y = (y + 0.05 * rng.normal(size=n)).astype("float32")

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(6, 40)
        self.l2 = nn.Linear(40, 40)
        self.out = nn.Linear(40, 1)

    def forward(self, x):
        h = torch.relu(self.l1(x))
        h = torch.relu(self.l2(h))
        return self.out(h).squeeze(1)


def rmse_loss(pred, y):
    return torch.sqrt(((pred - y) ** 2).mean() + 1e-8)


torch.manual_seed(0)
train_loader = DataLoader(Concrete(800, 0), batch_size=40, shuffle=True)
test_loader = DataLoader(Concrete(200, 1), batch_size=200)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)

for ep in range(10):
    net.train()
    losses = []
    for x, y in train_loader:
        opt.zero_grad()
        loss = rmse_loss(net(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(ep, "mean batch rmse", round(float(np.mean(losses)), 4))

net.eval()
with torch.no_grad():
    for x, y in test_loader:
        print("test rmse", round(rmse_loss(net(x), y).item(), 4))
