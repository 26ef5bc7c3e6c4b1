"""Multi-label tagging. Positive weights from the training part, thresholds from validation, scores from test."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from torch.utils.data import DataLoader, TensorDataset

rs = np.random.RandomState(0)
torch.manual_seed(0)

X, Y = make_multilabel_classification(n_samples=1500, n_features=30, n_classes=6, n_labels=2,
                                      allow_unlabeled=True, random_state=0)
order = rs.permutation(len(X))
tr, va, te = np.split(order, [900, 1200])
X = np.log1p(X)                                     # word counts; needs no fit
mu = X[tr].mean(axis=0, keepdims=True)
sd = X[tr].std(axis=0, keepdims=True) + 1e-6
X = ((X - mu) / sd).astype("float32")
Y = Y.astype("float32")                             # BCE wants float targets, several ones per row


def part(idx, **kw):
    return DataLoader(TensorDataset(torch.from_numpy(X[idx]), torch.from_numpy(Y[idx])), batch_size=64, **kw)


train_loader, val_loader, test_loader = part(tr, shuffle=True), part(va), part(te)
positives = torch.from_numpy(Y[tr]).sum(0)
pos_weight = ((len(tr) - positives) / positives).clamp(0.5, 5.0)

model = nn.Sequential(nn.Linear(30, 48), nn.LeakyReLU(0.1), nn.BatchNorm1d(48), nn.Linear(48, 6))
# bias at the base rate: sigmoid(b) is the share of weighted positives
with torch.no_grad():
    model[-1].bias.copy_(torch.log(pos_weight * positives / (len(tr) - positives)))
loss_fn = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[8, 11], gamma=0.3)


def collect(loader):
    """All probabilities and targets; a whole-set F1 is not a mean of batch F1s."""
    model.eval()
    ps, ts = [], []
    with torch.no_grad():
        for x, y in loader:
            ps.append(torch.sigmoid(model(x)))
            ts.append(y)
    model.train()
    return torch.cat(ps), torch.cat(ts)


def counts(pred, target):
    pred, target = pred.bool(), target.bool()
    return (pred & target).sum(0), (pred & ~target).sum(0), (~pred & target).sum(0)


def f1(tp, fp, fn):
    return 2 * tp / (2 * tp + fp + fn).clamp(min=1)


def best_thresholds(p, t, grid=torch.linspace(0.1, 0.9, 33)):
    """Each label has its own cut; ties go to the cut nearest one half."""
    scores = torch.stack([f1(*counts(p >= g, t)) for g in grid])            # (G, 6)
    scores = scores - 1e-6 * (grid - 0.5).abs()[:, None]
    return grid[scores.argmax(0)]


for epoch in range(12):
    total = 0.0
    for x, y in train_loader:
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()
        total += loss.item() * x.size(0)
    sched.step()
    p, t = collect(val_loader)
    print(f"epoch {epoch:2d} train {total / len(tr):.4f}  val macro F1 at 0.5: {f1(*counts(p > 0.5, t)).mean():.3f}")

cuts = best_thresholds(*collect(val_loader))
p, t = collect(test_loader)
tp, fp, fn = counts(p >= cuts, t)                  # (N,6) against (6,): one threshold for each column
macro, micro = f1(tp, fp, fn).mean().item(), f1(tp.sum(), fp.sum(), fn.sum()).item()
hard = (p >= cuts).int().numpy()
assert abs(macro - f1_score(t.numpy(), hard, average="macro", zero_division=0)) < 1e-5
assert abs(micro - f1_score(t.numpy(), hard, average="micro", zero_division=0)) < 1e-5
print("thresholds", [round(c, 3) for c in cuts.tolist()])
print(f"test macro {macro:.3f} micro {micro:.3f}, rows with every label right {(hard == t.numpy()).all(1).mean():.3f}")
