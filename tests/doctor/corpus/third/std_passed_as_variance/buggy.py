import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(19)


class MeanStd(nn.Module):
    """Predicts a mean and a standard deviation for every input."""

    def __init__(self, d, h=40):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh())
        self.mean = nn.Linear(h, 1)
        self.raw_std = nn.Linear(h, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h).squeeze(-1), F.softplus(self.raw_std(h)).squeeze(-1) + 1e-3


x = torch.rand(1500, 2) * 4 - 2
true_std = 0.1 + 0.4 * x[:, 1].abs()
y = torch.sin(2 * x[:, 0]) + true_std * torch.randn(1500)
train_set, val_set = random_split(TensorDataset(x, y), [1200, 300])

model = MeanStd(2)
nll = nn.GaussianNLLLoss()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)


def step(xb, yb):
    mean, std = model(xb)
    loss = nll(mean, yb, std)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()
    return loss.item()


for epoch in range(20):
    model.train()
    for xb, yb in DataLoader(train_set, batch_size=60, shuffle=True):
        step(xb, yb)

model.eval()
xv, yv = next(iter(DataLoader(val_set, batch_size=len(val_set))))
with torch.no_grad():
    mean, std = model(xv)
z = (yv - mean) / std
print(f"rmse {F.mse_loss(mean, yv).sqrt():.3f}  std of z-scores {z.std():.3f}  within one sigma {(z.abs() < 1).float().mean():.3f} (0.683)")
