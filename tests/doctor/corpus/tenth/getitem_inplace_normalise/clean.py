import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

np.random.seed(11)
torch.manual_seed(11)


class SensorDataset(Dataset):
    """Readings of four sensors; every channel has its own scale."""

    def __init__(self, readings, labels, mean, std):
        self.readings = readings
        self.labels = labels
        self.mean = mean
        self.std = std

    def __len__(self):
        return len(self.readings)

    def __getitem__(self, i):
        row = self.readings[i]
        row = (row - self.mean) / self.std
        return torch.from_numpy(row), self.labels[i]


def simulate(n):
    scale = np.array([20.0, 3.0, 0.5, 8.0], dtype=np.float32)
    shift = np.array([400.0, -12.0, 2.0, 90.0], dtype=np.float32)
    z = np.random.randn(n, 4).astype(np.float32)
    labels = (z[:, 0] - z[:, 2] + 0.5 * z[:, 1] * z[:, 3] > 0).astype(np.int64)
    return z * scale + shift, labels


train_x, train_y = simulate(480)
test_x, test_y = simulate(160)
mean, std = train_x.mean(axis=0), train_x.std(axis=0)

train_loader = DataLoader(SensorDataset(train_x, train_y, mean, std), batch_size=32, shuffle=True)
test_loader = DataLoader(SensorDataset(test_x, test_y, mean, std), batch_size=80)

net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    net.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        optimizer.step()

    net.eval()
    correct = 0
    with torch.no_grad():
        for xb, yb in test_loader:
            correct += (net(xb).argmax(1) == yb).sum().item()
    print("epoch", epoch, "test accuracy", correct / len(test_loader.dataset))
