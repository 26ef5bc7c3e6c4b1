# 圆环分类：自定义初始化
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split


class 网络(nn.Module):
    def __init__(self, 宽度=32):
        super().__init__()
        self.fc1 = nn.Linear(2, 宽度)
        self.fc2 = nn.Linear(宽度, 宽度)
        self.fc3 = nn.Linear(宽度, 2)
        self.重置()

    def 重置(self):
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


def 准确率(模型, x, y):
    模型.eval()
    with torch.no_grad():
        return (模型(x).argmax(dim=1) == y).float().mean().item()


torch.manual_seed(0)
特征, 标签 = make_moons(n_samples=1000, noise=0.12, random_state=0)
x训练, x测试, y训练, y测试 = train_test_split(
    torch.tensor(特征, dtype=torch.float32), torch.tensor(标签), test_size=0.3, random_state=0)

模型 = 网络()
优化器 = torch.optim.SGD(模型.parameters(), lr=0.1, momentum=0.9)
for 轮 in range(30):
    模型.train()
    for 下标 in torch.randperm(len(x训练)).split(50):
        损失 = F.cross_entropy(模型(x训练[下标]), y训练[下标])
        优化器.zero_grad()
        损失.backward()
        优化器.step()
    if 轮 % 10 == 9:
        print(f"第 {轮 + 1} 轮  损失 {损失.item():.3f}  测试准确率 {准确率(模型, x测试, y测试):.3f}")
