"""Classify penguins (made-up measurements) with a small MLP."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(42)
torch.manual_seed(42)

# bill length, bill depth, flipper length, body mass
means = np.array([[38.8, 18.3, 190, 3700], [48.8, 18.4, 196, 3730], [47.5, 15.0, 217, 5080]])
stds = np.array([[2.7, 1.2, 6.5, 460], [3.3, 1.1, 7.1, 380], [3.1, 1.0, 6.5, 500]])
labels = rng.integers(0, 3, size=450)
features = means[labels] + stds[labels] * rng.standard_normal((450, 4))

order = rng.permutation(len(labels))
train_idx, test_idx = order[:360], order[360:]
mu = features[train_idx].mean(axis=0)
sigma = features[train_idx].std(axis=0)
features = (features - mu) / sigma

X = torch.tensor(features, dtype=torch.float32)
y = torch.tensor(labels, dtype=torch.long)
train_loader = DataLoader(TensorDataset(X[train_idx], y[train_idx]), batch_size=32, shuffle=True)
test_loader = DataLoader(TensorDataset(X[test_idx], y[test_idx]), batch_size=64, shuffle=False)

model = nn.Sequential(
    nn.Linear(4, 16),
    nn.ReLU(),
    nn.Dropout(0.1),
    nn.Linear(16, 3),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(15):
    model.train()
    running = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * xb.size(0)
    if (epoch + 1) % 5 == 0:
        print(f"epoch {epoch + 1:2d}  train loss {running / len(train_idx):.4f}")

model.eval()
correct = 0
with torch.no_grad():
    for xb, yb in test_loader:
        correct += (model(xb).argmax(dim=1) == yb).sum().item()
print(f"test accuracy: {correct / len(test_idx):.3f}")
