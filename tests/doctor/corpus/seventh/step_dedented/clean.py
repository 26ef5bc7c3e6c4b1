# 三分类螺旋数据：两层网络 + 小批量 Adam
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(7)


def make_spiral(n_per_arm, arms=3, noise=0.18):
    # 每条臂：半径从 0.05 到 1，角度随半径旋转
    points, labels = [], []
    for k in range(arms):
        r = torch.linspace(0.05, 1.0, n_per_arm)
        theta = 2 * math.pi * k / arms + 3.5 * r + noise * torch.randn(n_per_arm)
        points.append(torch.stack([r * torch.cos(theta), r * torch.sin(theta)], dim=1))
        labels.append(torch.full((n_per_arm,), k))
    return torch.cat(points), torch.cat(labels)


X, y = make_spiral(400)
train_set, test_set = random_split(TensorDataset(X, y), [960, 240])
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
test_loader = DataLoader(test_set, batch_size=120)

# 模型
model = nn.Sequential(
    nn.Linear(2, 48),
    nn.ReLU(),
    nn.Linear(48, 48),
    nn.ReLU(),
    nn.Linear(48, 3),
)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=20, gamma=0.5)

# 训练
for epoch in range(40):
    model.train()
    running = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        running += loss.item() * len(xb)
        optimizer.step()
    scheduler.step()
    if (epoch + 1) % 10 == 0:
        print(f"第 {epoch + 1} 轮  训练损失 {running / len(train_set):.4f}")

# 测试
model.eval()
correct = 0
with torch.no_grad():
    for xb, yb in test_loader:
        correct += (model(xb).argmax(1) == yb).sum().item()
print(f"测试准确率 {correct / len(test_set):.3f}")
