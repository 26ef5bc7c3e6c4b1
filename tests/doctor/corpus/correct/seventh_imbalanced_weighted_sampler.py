# Rare-event detection: oversample the rare class during training, measure on the natural distribution.
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

SEED = 13
torch.manual_seed(SEED)

X, y = make_classification(
    n_samples=4000, n_features=16, n_informative=8, weights=[0.94], class_sep=1.2, flip_y=0.01, random_state=SEED
)
X_dev, X_test, y_dev, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=SEED)
X_train, X_val, y_train, y_val = train_test_split(X_dev, y_dev, test_size=0.25, stratify=y_dev, random_state=SEED)

scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_val = scaler.transform(X_val)
X_test = scaler.transform(X_test)


def dataset(a, b):
    return TensorDataset(torch.tensor(a, dtype=torch.float32), torch.tensor(b, dtype=torch.float32))


class_count = np.bincount(y_train)
sample_weight = 1.0 / class_count[y_train]
sampler = WeightedRandomSampler(
    torch.as_tensor(sample_weight, dtype=torch.double), num_samples=len(y_train), replacement=True
)
train_loader = DataLoader(dataset(X_train, y_train), batch_size=64, sampler=sampler)
val_loader = DataLoader(dataset(X_val, y_val), batch_size=256)
test_loader = DataLoader(dataset(X_test, y_test), batch_size=256)
print("class counts in training data:", class_count)

model = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1))
loss_fn = nn.BCEWithLogitsLoss()  # the sampler already balances, so no pos_weight here
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)


def scores(loader):
    model.eval()
    out, target = [], []
    with torch.no_grad():
        for xb, yb in loader:
            out.append(model(xb).squeeze(1))
            target.append(yb)
    return torch.cat(out), torch.cat(target)


def precision_recall_f1(pred, target):
    tp = int((pred & target).sum())
    fp = int((pred & ~target).sum())
    fn = int((~pred & target).sum())
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f1


best_ap, best_state = -1.0, None
for epoch in range(12):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb).squeeze(1), yb)
        loss.backward()
        optimizer.step()
    s, t = scores(val_loader)
    ap = average_precision_score(t.numpy(), s.numpy())
    print(f"epoch {epoch + 1:2d}: val average precision {ap:.3f}")
    if ap > best_ap:
        best_ap, best_state = ap, copy.deepcopy(model.state_dict())

model.load_state_dict(best_state)

# pick the decision threshold on validation data ...
s, t = scores(val_loader)
candidates = torch.linspace(s.min().item(), s.max().item(), 101)
threshold = max(candidates.tolist(), key=lambda c: precision_recall_f1(s > c, t.bool())[2])

# ... and report on test data
s, t = scores(test_loader)
p, r, f1 = precision_recall_f1(s > threshold, t.bool())
print(f"test AP {average_precision_score(t.numpy(), s.numpy()):.3f}")
print(f"test precision {p:.3f}  recall {r:.3f}  F1 {f1:.3f}  at logit threshold {threshold:.2f}")
