# 五类二维图案分类：数据按类别依次生成
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(15)
PER_CLASS, CLASSES = 150, 5


def one_class(c, n):
    """第 c 类：不同半径与相位的带噪声环形"""
    angle = torch.rand(n) * 2 * torch.pi
    radius = 1 + 0.6 * c + 0.15 * torch.randn(n)
    wave = torch.sin(angle * (c + 2)) + 0.2 * torch.randn(n)
    return torch.stack([radius * angle.cos(), radius * angle.sin(), wave], dim=1)


feats = torch.cat([one_class(c, PER_CLASS) for c in range(CLASSES)])
labels = torch.arange(CLASSES).repeat_interleave(PER_CLASS)

# 每五个样本取一个做验证，其余训练
is_val = torch.arange(len(labels)) % 5 == 0
train_idx = torch.nonzero(~is_val).flatten().tolist()
val_idx = torch.nonzero(is_val).flatten().tolist()
mean, std = feats[~is_val].mean(0), feats[~is_val].std(0)
data = TensorDataset((feats - mean) / std, labels)

options = dict(batch_size=30, num_workers=0, pin_memory=False)
train_loader = DataLoader(Subset(data, train_idx), shuffle=True, **options)
val_loader = DataLoader(Subset(data, val_idx), **options)

net = nn.Sequential(
    nn.Linear(3, 48), nn.ReLU(),
    nn.Linear(48, 48), nn.ReLU(),
    nn.Linear(48, CLASSES),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)


def validate():
    net.eval()
    hit, loss_sum = 0, 0.0
    with torch.no_grad():
        for x, y in val_loader:
            out = net(x)
            loss_sum += criterion(out, y).item() * y.size(0)
            hit += (out.argmax(1) == y).sum().item()
    return loss_sum / len(val_idx), hit / len(val_idx)


for epoch in range(15):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        val_loss, val_acc = validate()
        print(f"轮次 {epoch + 1}: 验证损失 {val_loss:.3f} 准确率 {val_acc:.3f}")
