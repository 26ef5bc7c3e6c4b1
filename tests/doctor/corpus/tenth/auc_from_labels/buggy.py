import numpy as np
import torch
from torch import nn, optim

SEED = 123
torch.manual_seed(SEED)
rng = np.random.RandomState(SEED)

# ---- data ---------------------------------------------------------------
n_patients = 1600
age = rng.normal(60, 10, n_patients)
marker = rng.gamma(2.0, 1.5, n_patients)
noise = rng.normal(size=(n_patients, 4))
risk = 0.05 * (age - 60) + 0.6 * (marker - 3) + rng.logistic(size=n_patients)
label = (risk > 1.2).astype("float32")
features = np.column_stack([age, marker, noise]).astype("float32")

train, val = slice(0, 1200), slice(1200, None)
mean, std = features[train].mean(0), features[train].std(0)
features = (features - mean) / std
x_train, y_train = torch.from_numpy(features[train]), torch.from_numpy(label[train])
x_val, y_val = torch.from_numpy(features[val]), label[val]


def roc_auc(y_true, y_score):
    """Probability that a positive case is ranked above a negative one (ties count half)."""
    pos, neg = y_score[y_true == 1], y_score[y_true == 0]
    diff = pos[:, None] - neg[None, :]
    return float((diff > 0).mean() + 0.5 * (diff == 0).mean())


# ---- model --------------------------------------------------------------
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(net.parameters(), lr=5e-3)

for epoch in range(10):
    net.train()
    order = torch.randperm(len(x_train))
    for idx in order.split(60):
        optimizer.zero_grad()
        loss = criterion(net(x_train[idx]).squeeze(1), y_train[idx])
        loss.backward()
        optimizer.step()

# ---- evaluation ---------------------------------------------------------
net.eval()
with torch.no_grad():
    prob = torch.sigmoid(net(x_val)).squeeze(1).numpy()
pred = (prob > 0.5).astype("float32")
print("accuracy %.3f" % (pred == y_val).mean())
print("AUC      %.3f" % roc_auc(y_val, pred))
