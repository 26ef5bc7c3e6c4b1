import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)


def counts(pred, target):
    tp = int(((pred == 1) & (target == 1)).sum())
    fp = int(((pred == 1) & (target == 0)).sum())
    fn = int(((pred == 0) & (target == 1)).sum())
    return tp, fp, fn


def f1_score(tp, fp, fn):
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


# 희귀 이벤트 검출: about 6 percent positives
X = torch.randn(2400, 6)
Y = (X[:, 0] + X[:, 1] + 0.3 * torch.randn(2400) > 2.2).float()
train_dl = DataLoader(TensorDataset(X[:1600], Y[:1600]), batch_size=64, shuffle=True)
val_dl = DataLoader(TensorDataset(X[1600:], Y[1600:]), batch_size=16)

net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
bce = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(4.0))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)


def validate():
    net.eval()
    tp = fp = fn = 0
    with torch.no_grad():
        for xb, yb in val_dl:
            pred = (net(xb) > 0).float()
            a, b, c = counts(pred, yb)
            tp, fp, fn = tp + a, fp + b, fn + c
    return f1_score(tp, fp, fn)


for epoch in range(10):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = bce(net(xb), yb)
        loss.backward()
        opt.step()
    print(f"epoch {epoch} val F1 {validate():.3f}")
