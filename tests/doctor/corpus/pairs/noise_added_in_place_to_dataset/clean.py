import torch
from torch.utils.data import Dataset, DataLoader
import torch.nn as nn


class Noisy(Dataset):
    def __init__(self, x, y, sigma):
        self.x = x
        self.y = y
        self.sigma = sigma

    def __len__(self):
        return self.x.shape[0]

    def __getitem__(self, k):
        row = self.x[k]
        row = row + self.sigma * torch.randn_like(row)
        return row, self.y[k]


torch.manual_seed(31)
X = torch.randn(450, 8)
Y = (X[:, 0] * 2 - X[:, 3]).unsqueeze(-1)
train = DataLoader(Noisy(X[:360].clone(), Y[:360], 0.3), batch_size=30, shuffle=True)
f = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(f.parameters(), lr=3e-3)
for ep in range(6):
    f.train()
    for a, b in train:
        opt.zero_grad()
        loss = nn.functional.mse_loss(f(a), b)
        loss.backward()
        opt.step()
    f.eval()
    with torch.no_grad():
        print(ep, "val", nn.functional.mse_loss(f(X[360:]), Y[360:]).item())
