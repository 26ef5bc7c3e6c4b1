import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample


def balance(X, y, rng):
    """Draws rows of the rare class with replacement until both classes are equal."""
    rare, common = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    extra = resample(rare, n_samples=len(common) - len(rare), random_state=rng)
    keep = np.concatenate([common, rare, extra])
    return X[keep], y[keep]


rng = np.random.RandomState(3)
torch.manual_seed(3)

# --- data: 6 % fraud
X, y = make_classification(n_samples=1500, n_features=20, n_informative=5, n_redundant=2, weights=[0.94],
                           class_sep=0.8, flip_y=0.03, random_state=3)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=3)
X_tr, y_tr = balance(X_tr, y_tr, rng)

sc = StandardScaler().fit(X_tr)
to = lambda a: torch.as_tensor(a, dtype=torch.float32)
x_tr, x_te, t_tr = to(sc.transform(X_tr)), to(sc.transform(X_te)), to(y_tr)

# --- model
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
crit = nn.BCEWithLogitsLoss()
for epoch in range(12):
    net.train()
    for b in torch.randperm(len(x_tr)).split(64):
        opt.zero_grad()
        loss = crit(net(x_tr[b]).squeeze(1), t_tr[b])
        loss.backward()
        opt.step()

# --- test
net.eval()
with torch.no_grad():
    p = torch.sigmoid(net(x_te).squeeze(1)).numpy()
print(f"average precision {average_precision_score(y_te, p):.3f}  recall {recall_score(y_te, p > 0.5):.3f}  on {len(p)} rows")
