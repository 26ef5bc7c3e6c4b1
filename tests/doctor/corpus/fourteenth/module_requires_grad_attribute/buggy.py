# 전이학습 실습 노트: 사전학습 특징 추출기는 고정, 분류기만 새로 학습
import torch
import torch.nn as nn


class SmallNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.classifier = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x))


def train(model, x, y, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
    return loss.item()


torch.manual_seed(21)
W = torch.randn(10, 6)

# 1단계: 큰 데이터로 사전학습 (6 클래스)
x_big = torch.randn(1500, 10)
y_big = (x_big @ W).argmax(1)
model = SmallNet(6)
print("사전학습 loss:", train(model, x_big, y_big, epochs=8, lr=3e-3))

# 2단계: 작은 데이터, 2 클래스. features 는 고정한다
model.features.requires_grad = False
model.classifier = nn.Linear(16, 2)

x_small = torch.randn(260, 10)
y_small = ((x_small @ W)[:, :3].max(1).values > (x_small @ W)[:, 3:].max(1).values).long()
before = model.features[0].weight.detach().clone()
print("미세조정 loss:", train(model, x_small[:60], y_small[:60], epochs=30, lr=5e-3))
print("features 변화량:", (model.features[0].weight - before).abs().max().item())

model.eval()
with torch.no_grad():
    acc = (model(x_small[60:]).argmax(1) == y_small[60:]).float().mean().item()
print("테스트 정확도:", acc)
