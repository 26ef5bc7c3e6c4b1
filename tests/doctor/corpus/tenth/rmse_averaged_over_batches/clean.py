import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(77)

# bike rentals per hour: a few hours are far busier than the rest
hour = torch.randint(0, 24, (1000,)).float()
weekend = torch.randint(0, 2, (1000,)).float()
temp = torch.randn(1000)
demand = torch.exp(0.6 * torch.sin(hour / 24 * 6.283) + 0.4 * temp + 0.3 * weekend)
demand = demand * torch.exp(0.5 * torch.randn(1000))
feats = torch.stack([torch.sin(hour / 24 * 6.283), torch.cos(hour / 24 * 6.283), weekend, temp], dim=1)

train_set = TensorDataset(feats[:790], demand[:790, None])
test_set = TensorDataset(feats[790:], demand[790:, None])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=16)

model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
mse = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def train_epoch():
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = mse(model(xb), yb)
        loss.backward()
        optimizer.step()


def test_rmse():
    model.eval()
    total = 0.0
    with torch.no_grad():
        for xb, yb in test_loader:
            total += mse(model(xb), yb).item() * len(xb)
    return (total / len(test_loader.dataset)) ** 0.5


for epoch in range(15):
    train_epoch()
print("RMSE on the test set: %.3f" % test_rmse())
