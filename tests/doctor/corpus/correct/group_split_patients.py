import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

rng = np.random.default_rng(4)
patients = np.repeat(np.arange(120), 8)
sick = rng.integers(0, 2, 120)
habit = rng.normal(0, 1.0, (120, 10))
X = habit[patients] + rng.normal(0, 1.0, (960, 10))
X[:, :3] += 0.9 * sick[patients][:, None]
y = sick[patients]


class Visits(Dataset):
    def __init__(self, rows, stats=None):
        self.rows = rows
        self.mean, self.std = stats if stats else (X[rows].mean(0), X[rows].std(0))

    @property
    def stats(self):
        return self.mean, self.std

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        r = self.rows[i]
        x = (X[r] - self.mean) / self.std
        return torch.as_tensor(x, dtype=torch.float32), torch.tensor(float(y[r])), int(patients[r])


rest, test = next(GroupShuffleSplit(1, test_size=0.25, random_state=0).split(X, y, groups=patients))
a, b = next(GroupShuffleSplit(1, test_size=0.25, random_state=1).split(X[rest], y[rest], groups=patients[rest]))
train, val = rest[a], rest[b]            # the inner split counts within `rest`
assert not set(patients[train]) & set(patients[val]) and not set(patients[rest]) & set(patients[test])

train_ds = Visits(train)
val_ds, test_ds = Visits(val, train_ds.stats), Visits(test, train_ds.stats)


def patient_auc(net, ds):
    """One score for each patient: the mean logit of the visits."""
    net.eval()
    total, count, label = np.zeros(120), np.zeros(120), np.zeros(120)
    with torch.no_grad():
        for x, t, p in DataLoader(ds, batch_size=128):
            np.add.at(total, p.numpy(), net(x).squeeze(1).numpy())
            np.add.at(count, p.numpy(), 1)
            label[p.numpy()] = t.numpy()
    seen = count > 0
    return roc_auc_score(label[seen], total[seen] / count[seen])


torch.manual_seed(0)
net = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
bce = nn.BCEWithLogitsLoss()
best, keep = -1.0, None
for epoch in range(10):
    net.train()
    for x, t, _ in DataLoader(train_ds, batch_size=32, shuffle=True):
        opt.zero_grad()
        bce(net(x).squeeze(1), t).backward()
        opt.step()
    auc = patient_auc(net, val_ds)
    if auc > best:
        best, keep = auc, {k: v.clone() for k, v in net.state_dict().items()}
net.load_state_dict(keep)
print(f"patients' AUC: validation {best:.3f}, test {patient_auc(net, test_ds):.3f}")
