"""Mixup training of a small conv net on digits. Validation and test use clean, unmixed inputs."""
from typing import Tuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

ALPHA, EPOCHS, SEED, MAX_LR = 0.3, 5, 8, 0.1
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


def mixup(x: Tensor, y: Tensor) -> Tuple[Tensor, Tensor, Tensor, float]:
    lam = float(rng.beta(ALPHA, ALPHA))
    perm = torch.randperm(x.size(0))
    return lam * x + (1.0 - lam) * x[perm], y, y[perm], lam


bunch = load_digits()
x_all = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16.0
y_all = torch.from_numpy(bunch.target).long()
idx = np.arange(len(y_all))
rest, test_idx = train_test_split(idx, test_size=0.2, stratify=bunch.target, random_state=SEED)
train_idx, val_idx = train_test_split(rest, test_size=0.15, stratify=bunch.target[rest], random_state=SEED)
train_dl = DataLoader(TensorDataset(x_all[train_idx], y_all[train_idx]), batch_size=64, shuffle=True, drop_last=True)

net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 2 * 2, 10),
)
smooth_ce = nn.CrossEntropyLoss(label_smoothing=0.05)  # training objective
plain_ce = nn.CrossEntropyLoss()  # reported on clean data
opt = torch.optim.SGD(net.parameters(), lr=MAX_LR, momentum=0.9, nesterov=True, weight_decay=5e-4)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=MAX_LR, total_steps=EPOCHS * len(train_dl))


def clean_eval(ids: np.ndarray) -> Tuple[float, float]:
    net.eval()
    with torch.no_grad():
        logits = net(x_all[ids])
        return plain_ce(logits, y_all[ids]).item(), (logits.argmax(1) == y_all[ids]).float().mean().item()


for epoch in range(EPOCHS):
    net.train()
    seen, acc_loss = 0, 0.0
    for xb, yb in train_dl:
        mixed, ya, yc, lam = mixup(xb, yb)
        out = net(mixed)
        loss = lam * smooth_ce(out, ya) + (1.0 - lam) * smooth_ce(out, yc)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        acc_loss += loss.item() * xb.size(0)
        seen += xb.size(0)
    vl, va = clean_eval(val_idx)
    print(f"epoch {epoch + 1} mixed train loss {acc_loss / seen:.4f} | clean val loss {vl:.4f} acc {va:.3f}")

tl, ta = clean_eval(test_idx)
print(f"test loss {tl:.4f} acc {ta:.3f}")
