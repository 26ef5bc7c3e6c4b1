import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        ce = F.cross_entropy(logits, target)
        pt = torch.exp(-ce)
        return ((1 - pt) ** self.gamma * ce).mean()


def make_defects(n):
    # 위치가 다른 작은 결함: 드문 클래스일수록 구분이 어렵다
    prob = torch.tensor([0.90, 0.07, 0.03])
    y = torch.multinomial(prob, n, replacement=True)
    x = torch.randn(n, 10)
    x[:, 0] += 2.2 * (y == 1)
    x[:, 1] += 2.2 * (y == 2)
    x[:, 2] += 1.0 * (y > 0)
    return x, y


def class_recall(model, x, y):
    model.eval()
    with torch.no_grad():
        pred = model(x).argmax(1)
    return [(pred[y == c] == c).float().mean().item() for c in range(3)]


torch.manual_seed(13)
x, y = make_defects(4000)
train_ds = TensorDataset(x[:3000], y[:3000])
val_x, val_y = x[3000:], y[3000:]
loader = DataLoader(train_ds, batch_size=100, shuffle=True)
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3))
criterion = FocalLoss(gamma=2.0)
optim = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(12):
    net.train()
    seen, total = 0, 0.0
    for xb, yb in loader:
        optim.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optim.step()
        total += loss.item() * len(yb)
        seen += len(yb)
    rec = class_recall(net, val_x, val_y)
    print(f"epoch {epoch} loss {total / seen:.4f} recall " + " ".join(f"{r:.3f}" for r in rec))
