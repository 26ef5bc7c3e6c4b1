# Mixup + label smoothing by hand; forward hooks record activation statistics during evaluation only
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

np.random.seed(0)
torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
rest, te = next(StratifiedShuffleSplit(1, test_size=0.25, random_state=0).split(X, y))
tr, va = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=1).split(X[rest], y[rest]))
tr, va = rest[tr], rest[va]

CLASSES, SMOOTH, ALPHA = 10, 0.1, 0.2


def soft_labels(t):
    return F.one_hot(t, CLASSES).float() * (1 - SMOOTH) + SMOOTH / CLASSES


def mixup(x, t):
    lam = np.random.beta(ALPHA, ALPHA)
    perm = torch.randperm(len(x))
    s = soft_labels(t)
    return lam * x + (1 - lam) * x[perm], lam * s + (1 - lam) * s[perm]


def soft_cross_entropy(logits, target):
    return -(target * logits.log_softmax(dim=-1)).sum(dim=-1).mean()


@contextmanager
def record(model, kind=nn.ReLU):
    stats, handles = {}, []

    def make(name):
        def hook(module, args, output):
            stats[name] = (output.mean().item(), (output == 0).float().mean().item())
        return hook

    for name, m in model.named_modules():
        if isinstance(m, kind):
            handles.append(m.register_forward_hook(make(name)))
    try:
        yield stats
    finally:
        for h in handles:
            h.remove()


model = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(),
                      nn.Linear(64, CLASSES))
no_decay = [p for p in model.parameters() if p.ndim == 1]
decay = [p for p in model.parameters() if p.ndim > 1]
opt = torch.optim.SGD([dict(params=decay, weight_decay=5e-4), dict(params=no_decay)], lr=0.1, momentum=0.9)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[10, 16], gamma=0.2)

best = (-1.0, None)
for epoch in range(20):
    model.train()
    for b in torch.randperm(len(tr)).split(64):
        if len(b) < 2:
            continue                       # BatchNorm needs two samples
        i = tr[b]
        x, t = mixup(X[i], y[i])
        loss = soft_cross_entropy(model(x), t)
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    model.eval()
    with torch.no_grad(), record(model) as stats:
        acc = (model(X[va]).argmax(1) == y[va]).float().mean().item()
    if acc > best[0]:
        best = (acc, {k: v.clone() for k, v in model.state_dict().items()})
    if epoch % 5 == 4:
        print(f"epoch {epoch} loss {loss.item():.3f} val {acc:.3f} zeros " +
              " ".join(f"{k}:{z:.2f}" for k, (_, z) in stats.items()))

model.load_state_dict(best[1])
model.eval()
with torch.no_grad():
    logits = model(X[te])
print(f"test accuracy {(logits.argmax(1) == y[te]).float().mean().item():.3f}, "
      f"nll against hard labels {F.cross_entropy(logits, y[te]).item():.3f}")
