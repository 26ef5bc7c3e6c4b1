import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class ColorShapes(Dataset):
    """彩色图形数据集:uint8 图片,形状为 (高, 宽, 3),标签是图形的颜色(红、绿、蓝)"""

    def __init__(self, n, seed, size=18):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 3, size=n)
        self.images = rng.integers(0, 90, size=(n, size, size, 3)).astype(np.uint8)
        for img, label in zip(self.images, self.labels):
            r, c = rng.integers(2, size - 9, size=2)
            color = rng.integers(40, 150, size=3)
            color[label] = rng.integers(170, 256)
            if rng.random() < 0.5:             # 方块
                img[r:r + 7, c:c + 7] = color
            else:                              # 十字
                img[r + 2:r + 5, c:c + 7] = color
                img[r:r + 7, c + 2:c + 5] = color

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        # 转成 (3, 高, 宽) 并缩放到 [-1, 1]
        img = torch.from_numpy(self.images[i]).float() / 127.5 - 1.0
        img = img.view(3, img.shape[0], img.shape[1])
        return img, int(self.labels[i])


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 12, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(12)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean(dim=(2, 3)))


def accuracy(model, loader):
    model.eval()
    hits = 0
    with torch.no_grad():
        for img, label in loader:
            hits += (model(img).argmax(1) == label).sum().item()
    return hits / len(loader.dataset)


def main():
    torch.manual_seed(0)
    train_loader = DataLoader(ColorShapes(900, seed=1), batch_size=30, shuffle=True)
    val_loader = DataLoader(ColorShapes(300, seed=2), batch_size=100)
    model = CNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(5):
        model.train()
        total = 0.0
        for img, label in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(img), label)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(label)
        # 打印平均损失与验证精度
        print(f"第 {epoch + 1} 轮:损失 {total / len(train_loader.dataset):.4f},验证精度 {accuracy(model, val_loader):.3f}")


if __name__ == "__main__":
    main()
