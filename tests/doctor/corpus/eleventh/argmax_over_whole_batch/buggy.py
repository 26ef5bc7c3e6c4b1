# 옷 분류 연습 (가짜 이미지 데이터)
import torch
from torch import nn, optim
import torch.nn.functional as F

torch.manual_seed(777)

클래스수 = 5
이미지크기 = 10


def make_images(n):
    y = torch.randint(0, 클래스수, (n,))
    x = 0.4 * torch.rand(n, 1, 이미지크기, 이미지크기)
    for i in range(n):
        row = int(y[i]) * 2
        x[i, 0, row:row + 2, :] += 0.3   # 클래스마다 밝은 줄의 위치가 다름
    return x, y


train_x, train_y = make_images(500)
val_x, val_y = make_images(150)


class CNN(nn.Module):
    def __init__(self):
        super(CNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(8 * 5 * 5, 32)
        self.fc2 = nn.Linear(32, 클래스수)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


net = CNN()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(8):
    # --- 학습 ---
    net.train()
    train_loss = 0.0
    for idx in torch.randperm(500).split(25):
        optimizer.zero_grad()
        loss = criterion(net(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        train_loss += loss.item()

    # --- 검증 ---
    net.eval()
    correct = 0
    with torch.no_grad():
        for start in range(0, 150, 50):
            logits = net(val_x[start:start + 50])
            pred = torch.argmax(logits)
            correct += (pred == val_y[start:start + 50]).sum().item()
    print(f"Epoch {epoch + 1}: 학습 손실 {train_loss / 20:.4f}, 검증 정확도 {correct / 150:.4f}")
