import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def f1(pred, true):
    tp = (pred & true).sum().item()
    return 2 * tp / max(1, pred.sum().item() + true.sum().item())


torch.manual_seed(213)
x = torch.randn(640, 6)
y = (x[:, 0] + 0.4 * torch.randn(640) > 1.2).float()
tl = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=40, shuffle=True)
vl = DataLoader(TensorDataset(x[480:], y[480:]), batch_size=16)
net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(5):
    net.train()
    for a, b in tl:
        opt.zero_grad()
        bce(net(a), b).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        scores = [f1(net(a) > 0, b.bool()) for a, b in vl]
    print(epoch, sum(scores) / len(scores))
