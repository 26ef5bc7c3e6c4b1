import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import balanced_accuracy_score
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler


def defects(n, rng):
    """Three kinds of parts: fine (85 %), scratched (11 %), cracked (4 %)."""
    y = rng.choice(3, size=n, p=[0.85, 0.11, 0.04])
    x = rng.normal(0, 1, (n, 8))
    x[:, 0] += 1.6 * (y == 1)
    x[:, 1] += 1.8 * (y == 2)
    x[:, 2] -= 1.2 * (y == 2)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def balanced_loader(x, y, batch_size):
    counts = torch.bincount(y, minlength=3)
    class_weight = 1.0 / counts.float()
    sampler = WeightedRandomSampler(class_weight[y], num_samples=len(y), replacement=True)
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, sampler=sampler)


class PartNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 24)
        self.bn1 = nn.BatchNorm1d(24)
        self.fc2 = nn.Linear(24, 3)

    def forward(self, x):
        return self.fc2(torch.relu(self.bn1(self.fc1(x))))


def train(model, loader, epochs):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for xb, yb in loader:
            loss = criterion(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(yb)
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1} train loss {total / len(loader.sampler):.4f}")


def test(model, x, y):
    model.eval()
    with torch.no_grad():
        pred = model(x).argmax(dim=1)
    return balanced_accuracy_score(y.numpy(), pred.numpy())


rng = np.random.default_rng(31)
torch.manual_seed(31)
x_train, y_train = defects(2000, rng)
x_test, y_test = defects(1000, rng)
net = PartNet()
train(net, balanced_loader(x_train, y_train, 64), epochs=12)
print(f"balanced test accuracy {test(net, x_test, y_test):.3f}")
