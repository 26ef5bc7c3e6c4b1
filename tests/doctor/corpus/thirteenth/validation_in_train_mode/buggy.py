import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(99)

# 가상의 센서 데이터 (특징 12개, 정상/이상)
X = torch.randn(1000, 12)
y = ((X[:, 0] ** 2 + X[:, 3]) > 1.0).float().unsqueeze(1)
train_set, val_set = random_split(TensorDataset(X, y), [800, 200])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True)
val_loader = DataLoader(val_set, batch_size=40)


class SensorNet(nn.Module):
    def __init__(self, p=0.4):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(p),
            nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(p),
        )
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        return self.head(self.body(x))


model = SensorNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(6):
    # ---- 학습 ----
    model.train()
    train_loss = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * xb.size(0)

    # ---- 검증 ----
    val_loss, correct = 0.0, 0
    with torch.no_grad():
        for xb, yb in val_loader:
            out = model(xb)
            val_loss += criterion(out, yb).item() * xb.size(0)
            correct += ((out > 0).float() == yb).sum().item()
    print(f"[{epoch + 1}/6] train {train_loss / 800:.4f}  val {val_loss / 200:.4f}  acc {correct / 200:.3f}")
