# 전이학습 연습: 10개 클래스로 학습한 모델을 4개 클래스 문제에 다시 쓰기
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.fc1 = nn.Linear(20, 64)
        self.fc2 = nn.Linear(64, 32)
        self.fc = nn.Linear(32, num_classes)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc(x)


def make_data(n, centers):
    y = torch.randint(0, len(centers), (n,))
    return centers[y] + torch.randn(n, 20), y


def train(model, optimizer, x, y, epochs):
    criterion = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(epochs):
        running_loss = 0.0
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * len(idx)
        print(f"  epoch {epoch + 1} loss {running_loss / len(x):.4f}")


torch.manual_seed(8)
centers = 1.2 * torch.randn(14, 20)

# 1) 사전 학습
print("pretrain")
model = Net(10)
x, y = make_data(1000, centers[:10])
train(model, torch.optim.Adam(model.parameters(), lr=2e-3), x, y, epochs=3)

# 2) 미세 조정 (작은 학습률로 전체를 학습)
print("finetune")
model.fc = nn.Linear(32, 4)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
x, y = make_data(400, centers[10:])
train(model, optimizer, x, y, epochs=8)

# 3) 평가
x, y = make_data(400, centers[10:])
model.eval()
with torch.no_grad():
    print("test acc", (model(x).argmax(1) == y).float().mean().item())
