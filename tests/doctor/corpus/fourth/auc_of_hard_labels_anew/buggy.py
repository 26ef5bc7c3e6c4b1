# %% imports
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

# %% toy card transactions: one in ten is fraud
rng = np.random.default_rng(3)
torch.manual_seed(3)
n = 3000
X = rng.normal(size=(n, 8)) * np.array([1, 5, 20, 1, 0.1, 3, 2, 50]) + 4
risk = 0.9 * (X[:, 0] - 4) + 0.25 * (X[:, 1] - 4) + 0.5 * np.abs((X[:, 5] - 4) / 3) + rng.normal(size=n)
y = (risk > np.quantile(risk, 0.9)).astype(np.float32)

# %% split first, scale with the training part
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_tr)
to_t = lambda a: torch.tensor(scaler.transform(a), dtype=torch.float32)
train_dl = DataLoader(TensorDataset(to_t(X_tr), torch.from_numpy(y_tr)), batch_size=128, shuffle=True)
valid_dl = DataLoader(TensorDataset(to_t(X_va), torch.from_numpy(y_va)), batch_size=256)

# %% model
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)


# %% helpers
def collect(dl):
    model.eval()
    probs, labels = [], []
    with torch.no_grad():
        for xb, yb in dl:
            probs.append(torch.sigmoid(model(xb)).squeeze(1))
            labels.append(yb)
    return torch.cat(probs).numpy(), torch.cat(labels).numpy()


def report(dl):
    p, t = collect(dl)
    pred = (p >= 0.5).astype(int)
    recall = pred[t == 1].mean()
    return {"acc": (pred == t).mean(), "recall": recall, "auc": roc_auc_score(t, pred)}


# %% training
for epoch in range(8):
    model.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = loss_fn(model(xb).squeeze(1), yb)
        loss.backward()
        opt.step()
    print(epoch, {k: round(float(v), 3) for k, v in report(valid_dl).items()})
