"""Two-spiral classification with a small MLP."""
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)


def spirals(n, noise=0.02):
    t = torch.rand(n) * 2 * math.pi + 0.5
    label = torch.randint(0, 2, (n,))
    ang = t + label * math.pi
    pts = torch.stack([t * torch.cos(ang), t * torch.sin(ang)], dim=1) / (2 * math.pi)
    return pts + noise * torch.randn(n, 2), label


train_set = TensorDataset(*spirals(800))
test_set = TensorDataset(*spirals(300))
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
test_loader = DataLoader(test_set, batch_size=128)

model = nn.Sequential(
    nn.Linear(2, 48), nn.ReLU(),
    nn.Linear(48, 48), nn.ReLU(),
    nn.Linear(48, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for epoch in range(25):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        scores = model(xb)
        loss = criterion(scores, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1:2d}  loss {total / len(train_set):.4f}")

model.eval()
hits = 0
with torch.no_grad():
    for xb, yb in test_loader:
        hits += (model(xb).argmax(dim=1) == yb).sum().item()
print(f"test accuracy {hits / len(test_set):.3f}")
