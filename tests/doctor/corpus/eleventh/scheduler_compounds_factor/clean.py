import math
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class WarmupCosine:
    """선형 워밍업 후 코사인 감쇠"""

    def __init__(self, optimizer, warmup, total):
        self.optimizer = optimizer
        self.warmup, self.total = warmup, total
        self.base_lrs = [g["lr"] for g in optimizer.param_groups]
        self.n = 0
        self._apply()

    def factor(self):
        if self.n < self.warmup:
            return (self.n + 1) / self.warmup
        t = min(1.0, (self.n - self.warmup) / max(1, self.total - self.warmup))
        return 0.5 * (1 + math.cos(math.pi * t))

    def _apply(self):
        for group, base in zip(self.optimizer.param_groups, self.base_lrs):
            group["lr"] = base * self.factor()

    def step(self):
        self.n += 1
        self._apply()


torch.manual_seed(27)
x = torch.randn(800, 9)
y = (x[:, 0] * x[:, 1] + x[:, 2] > 0).long()
train_loader = DataLoader(TensorDataset(x[:640], y[:640]), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
epochs = 15
scheduler = WarmupCosine(optimizer, warmup=20, total=epochs * len(train_loader))
ce = nn.CrossEntropyLoss()

for epoch in range(epochs):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = ce(model(xb), yb)
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch:2d} loss {total / 640:.4f}")

model.eval()
with torch.no_grad():
    print("val acc", (model(x[640:]).argmax(1) == y[640:]).float().mean().item())
