# [딥러닝 스터디] 검증 루프 추가해보기
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(42)

# 가짜 고객 데이터: 이탈 여부 예측
x = torch.randn(1000, 10)
y = ((x[:, 0] * x[:, 1] + x[:, 2]) > 0).long()
train_ds, valid_ds = random_split(TensorDataset(x, y), [800, 200])
train_loader = DataLoader(train_ds, batch_size=50, shuffle=True)
valid_loader = DataLoader(valid_ds, batch_size=100, shuffle=False)

model = nn.Sequential(
    nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.4),
    nn.Linear(64, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def validate():
    model.eval()
    correct = 0
    with torch.no_grad():
        for xb, yb in valid_loader:
            correct += (model(xb).argmax(1) == yb).sum().item()
    return correct / len(valid_ds)


for epoch in range(10):
    # 학습
    model.train()
    train_loss = 0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * xb.size(0)
    # 검증
    acc = validate()
    print(f"[{epoch + 1:02d}/10] 학습 loss {train_loss / len(train_ds):.4f} | 검증 acc {acc:.4f}")
