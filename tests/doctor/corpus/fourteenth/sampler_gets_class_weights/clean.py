import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

# fraud detection, ~6% positives -> oversample the minority class
torch.manual_seed(99)
X = torch.randn(2000, 9)
y = ((X[:, 0] + X[:, 3] + 0.3 * torch.randn(2000)) > 2.2).long()

X_train, y_train = X[:1500], y[:1500]
X_valid, y_valid = X[1500:], y[1500:]

class_count = np.bincount(y_train.numpy())
class_weights = torch.tensor(1.0 / class_count, dtype=torch.double)
print("class counts:", class_count)

sampler = WeightedRandomSampler(class_weights[y_train], num_samples=len(y_train), replacement=True)
train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, sampler=sampler)

model = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(6):
    model.train()
    epoch_loss = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(xb)

    model.eval()
    with torch.no_grad():
        pred = model(X_valid).argmax(1)
    tp = ((pred == 1) & (y_valid == 1)).sum().item()
    recall = tp / max((y_valid == 1).sum().item(), 1)
    precision = tp / max((pred == 1).sum().item(), 1)
    print(f"epoch {epoch} loss {epoch_loss / len(y_train):.4f} recall {recall:.3f} precision {precision:.3f}")
