"""Several binary assays per molecule-like vector; most labels are missing (NaN)."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 404
N_TASKS = 6
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)

features = rng.normal(size=(1000, 20)).astype(np.float32)
coef = rng.normal(size=(20, 3)) @ rng.normal(size=(3, N_TASKS))
labels = (features @ coef + rng.normal(size=(1000, N_TASKS)) > 0).astype(np.float32)
labels[rng.random(labels.shape) < 0.5] = np.nan

order = rng.permutation(1000)
train_rows, valid_rows = order[:800], order[800:]


def loader(rows, shuffle):
    ds = TensorDataset(torch.from_numpy(features[rows]), torch.from_numpy(labels[rows]))
    return DataLoader(ds, batch_size=50, shuffle=shuffle)


def masked_bce(logits, target):
    known = ~torch.isnan(target)
    return nn.functional.binary_cross_entropy_with_logits(logits[known], target[known])


@torch.no_grad()
def per_task_accuracy(model, batches):
    model.eval()
    hits, seen = torch.zeros(N_TASKS), torch.zeros(N_TASKS)
    for x, y in batches:
        known = ~torch.isnan(y)
        right = (model(x) > 0).float() == y
        hits += (right & known).sum(dim=0)
        seen += known.sum(dim=0)
    return hits / seen


train_loader, valid_loader = loader(train_rows, True), loader(valid_rows, False)
model = nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, N_TASKS))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)

for epoch in range(10):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        masked_bce(model(x), y).backward()
        optimizer.step()

acc = per_task_accuracy(model, valid_loader)
for i, a in enumerate(acc.tolist()):
    print(f"task {i}: {a:.3f}")
print(f"macro average: {acc.mean().item():.3f}")
