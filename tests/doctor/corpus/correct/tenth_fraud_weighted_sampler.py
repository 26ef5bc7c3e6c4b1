"""Credit-card fraud with 3% positives: oversample in training, leave the test set alone."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(99)
rng = np.random.default_rng(99)

n = 5000
labels = (rng.random(n) < 0.03).astype(np.int64)
amount = rng.lognormal(3.0 + 0.9 * labels, 0.7)
hour = rng.normal(14 - 6 * labels, 4.0) % 24
velocity = rng.poisson(1 + 3 * labels)
features = np.column_stack([
    np.log1p(amount), np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi), velocity,
]).astype(np.float32)

# stratified 70/30 split
train_idx, test_idx = [], []
for c in (0, 1):
    idx = rng.permutation(np.flatnonzero(labels == c))
    cut = int(0.7 * len(idx))
    train_idx.append(idx[:cut])
    test_idx.append(idx[cut:])
train_idx, test_idx = np.concatenate(train_idx), np.concatenate(test_idx)

mean, std = features[train_idx].mean(0), features[train_idx].std(0)
X = torch.from_numpy((features - mean) / std)
y = torch.from_numpy(labels)

train_set = TensorDataset(X[train_idx], y[train_idx])
test_set = TensorDataset(X[test_idx], y[test_idx])

class_count = torch.bincount(y[train_idx])
sample_weight = (1.0 / class_count.double())[y[train_idx]]
sampler = WeightedRandomSampler(sample_weight, num_samples=len(train_set), replacement=True)

train_loader = DataLoader(train_set, batch_size=128, sampler=sampler)
test_loader = DataLoader(test_set, batch_size=512)

net = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(5):
    net.train()
    share = 0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        share += yb.sum().item()
    print(f"epoch {epoch}: positives seen {share / len(train_set):.1%}")

net.eval()
tp = fp = fn = tn = 0
with torch.no_grad():
    for xb, yb in test_loader:
        pred = net(xb).argmax(1)
        tp += ((pred == 1) & (yb == 1)).sum().item()
        fp += ((pred == 1) & (yb == 0)).sum().item()
        fn += ((pred == 0) & (yb == 1)).sum().item()
        tn += ((pred == 0) & (yb == 0)).sum().item()

precision = tp / max(tp + fp, 1)
recall = tp / max(tp + fn, 1)
print(f"test  tp={tp} fp={fp} fn={fn} tn={tn}")
print(f"precision {precision:.3f}  recall {recall:.3f}  balanced acc {0.5 * (recall + tn / (tn + fp)):.3f}")
