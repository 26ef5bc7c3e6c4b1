import math

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Regressor(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = torch.nn.Linear(6, 48)
        self.l2 = torch.nn.Linear(48, 1)

    def forward(self, x):
        return self.l2(F.silu(self.l1(x))).flatten()


def test_rmse(model, loader):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += F.mse_loss(model(x), y, reduction="sum").item()
    return math.sqrt(total / len(loader.dataset))


torch.manual_seed(40)
x = torch.randn(1050, 6)
y = x[:, 0] ** 2 + x[:, 1] * x[:, 2] + 0.3 * torch.randn(1050)
train_loader = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=32, shuffle=True)
test_loader = DataLoader(TensorDataset(x[800:], y[800:]), batch_size=16)

model = Regressor()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(8):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        F.mse_loss(model(xb), yb).backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: test RMSE {test_rmse(model, test_loader):.4f}")
