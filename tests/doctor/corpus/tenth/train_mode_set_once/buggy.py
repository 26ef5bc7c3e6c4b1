# 2주차 과제: 드롭아웃이 있는 분류기
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)

# 데이터 만들기
X = torch.randn(640, 12)
y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).long()
train_loader = DataLoader(TensorDataset(X[:480], y[:480]), batch_size=32, shuffle=True)
valid_loader = DataLoader(TensorDataset(X[480:], y[480:]), batch_size=80)

model = nn.Sequential(
    nn.Linear(12, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Dropout(0.4),
    nn.Linear(64, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def validate():
    model.eval()
    correct = 0
    with torch.no_grad():
        for xb, yb in valid_loader:
            correct += (model(xb).argmax(dim=1) == yb).sum().item()
    return correct / len(valid_loader.dataset)


# 학습
model.train()
for epoch in range(8):
    total_loss = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(xb)
    print(f"[{epoch + 1}] train loss {total_loss / 480:.4f}  valid acc {validate():.3f}")
