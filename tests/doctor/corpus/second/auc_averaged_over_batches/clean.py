import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(39)


def sessions(n):
    """Clicks from machines with different base rates, in time order."""
    machine = (torch.arange(n) * 10 // n).float()
    x = torch.randn(n, 5)
    x[:, 0] += machine * 0.4
    logit = 1.2 * x[:, 0] - 2.2 + 0.6 * x[:, 1]
    return x, (torch.rand(n) < logit.sigmoid()).float()


def evaluate(model, loader):
    model.eval()
    scores, labels = [], []
    with torch.no_grad():
        for x, y in loader:
            scores.append(model(x).squeeze(1).numpy())
            labels.append(y.numpy())
    return roc_auc_score(np.concatenate(labels), np.concatenate(scores))


x, y = sessions(1000)
xv, yv = sessions(1000)
train_loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
val_loader = DataLoader(TensorDataset(xv, yv), batch_size=100)
model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    model.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(xb).squeeze(1), yb).backward()
        opt.step()
    print(epoch, "AUC", round(float(evaluate(model, val_loader)), 4))
