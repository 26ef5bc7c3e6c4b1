# 불균형 데이터(정상/경미/심각) 분류 예제
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader, WeightedRandomSampler

torch.manual_seed(21)


def make_data(n_per_class):
    xs, ys = [], []
    for c, n in enumerate(n_per_class):
        center = torch.zeros(8)
        center[c] = 2.0
        xs.append(center + torch.randn(n, 8))
        ys.append(torch.full((n,), c))
    x, y = torch.cat(xs), torch.cat(ys)
    p = torch.randperm(len(y))
    return x[p], y[p]


x_train, y_train = make_data([900, 120, 40])
x_val, y_val = make_data([200, 200, 200])

# 클래스별 가중치 = 1 / 개수
counts = torch.bincount(y_train, minlength=3)
class_weights = 1.0 / counts.float()
sampler = WeightedRandomSampler(class_weights[y_train], num_samples=len(y_train), replacement=True)

train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=53, sampler=sampler)
val_loader = DataLoader(TensorDataset(x_val, y_val), batch_size=200)

model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)

for epoch in range(6):
    model.train()
    total_loss = 0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * xb.size(0)

    model.eval()
    correct = torch.zeros(3)
    with torch.no_grad():
        for xb, yb in val_loader:
            pred = model(xb).argmax(dim=1)
            for c in range(3):
                correct[c] += ((pred == c) & (yb == c)).sum()
    acc = (correct / 200).tolist()
    print(f"Epoch {epoch + 1} loss {total_loss / len(y_train):.4f} 클래스별 정확도 {[round(a, 3) for a in acc]}")
