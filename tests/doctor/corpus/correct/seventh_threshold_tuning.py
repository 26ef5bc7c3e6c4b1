"""Rare-event detection: weighted sampling for training, threshold chosen on validation, F1 on test."""
import numpy as np
import torch
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

rng = np.random.default_rng(20)
N = 3000
X = rng.normal(size=(N, 9)).astype(np.float32)
risk = 1.8 * X[:, 0] + 1.2 * X[:, 1] * X[:, 2] - 4.2
Y = (rng.random(N) < 1 / (1 + np.exp(-risk))).astype(np.float32)


def stratified(y, fractions, rng):
    """Row numbers per part; each class is dealt out in the same proportion."""
    parts = [[] for _ in fractions]
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        cuts = np.round(np.cumsum(fractions)[:-1] * len(rows)).astype(int)
        for part, chunk in zip(parts, np.split(rows, cuts)):
            part.append(chunk)
    return [np.concatenate(p) for p in parts]


tr, va, te = stratified(Y, [0.6, 0.2, 0.2], rng)
mean, std = X[tr].mean(0), X[tr].std(0)
X = (X - mean) / std
print("positives per part:", [int(Y[p].sum()) for p in (tr, va, te)])


def dataset(rows):
    return TensorDataset(torch.from_numpy(X[rows]), torch.from_numpy(Y[rows]))


torch.manual_seed(0)
pos = Y[tr].mean()
row_weight = np.where(Y[tr] == 1, 0.5 / pos, 0.5 / (1 - pos))
sampler = WeightedRandomSampler(torch.as_tensor(row_weight), num_samples=len(tr), replacement=True)
train_dl = DataLoader(dataset(tr), batch_size=64, sampler=sampler)
val_dl, test_dl = (DataLoader(dataset(p), batch_size=256) for p in (va, te))

# the sampler already balances the classes, hence no pos_weight
net = nn.Sequential(nn.Linear(9, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 1), nn.Flatten(0))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
bce = nn.BCEWithLogitsLoss()


def probabilities(loader):
    net.eval()
    out, lab = [], []
    with torch.no_grad():
        for xb, yb in loader:
            out.append(net(xb).sigmoid())
            lab.append(yb)
    return torch.cat(out).numpy(), torch.cat(lab).numpy()


def best_threshold(prob, y):
    precision, recall, cuts = precision_recall_curve(y, prob)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(cuts[f1[:-1].argmax()])        # the last point has no threshold


best_ap, state = -1.0, None
for epoch in range(12):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = bce(net(xb), yb)
        loss.backward()
        opt.step()
    p, y = probabilities(val_dl)
    ap = average_precision_score(y, p)
    if ap > best_ap:
        best_ap, state = ap, {k: v.clone() for k, v in net.state_dict().items()}

net.load_state_dict(state)
p, y = probabilities(val_dl)
threshold = best_threshold(p, y)
p, y = probabilities(test_dl)
print(f"val AP {best_ap:.3f}, threshold {threshold:.3f}")
print(f"test AP {average_precision_score(y, p):.3f}, F1 at 0.5 {f1_score(y, p >= 0.5):.3f}, "
      f"F1 tuned {f1_score(y, p >= threshold):.3f}")
