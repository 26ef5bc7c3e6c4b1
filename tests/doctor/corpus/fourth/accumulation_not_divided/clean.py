import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

# 설정: 실제 배치는 8 x 8 = 64
MICRO_BATCH = 8
ACCUM_STEPS = 8
EPOCHS = 10
LR = 0.1

torch.manual_seed(42)

# 두 개의 나선 데이터
n = 512
t = torch.rand(n) * 3.0 + 0.3
label = torch.arange(n) % 2
angle = 2.0 * t + label * torch.pi
points = torch.stack([t * torch.cos(angle), t * torch.sin(angle)], dim=1)
points = points + 0.05 * torch.randn_like(points)
perm = torch.randperm(n)
points, label = points[perm], label[perm]
train_set = TensorDataset(points[:384], label[:384])
valid_x, valid_y = points[384:], label[384:]

# 384 / 8 = 48 이므로 ACCUM_STEPS 로 나누어 떨어진다
loader = DataLoader(train_set, batch_size=MICRO_BATCH, shuffle=True)

model = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)


def 검증():
    model.eval()
    with torch.no_grad():
        pred = model(valid_x).argmax(dim=1)
    model.train()
    return (pred == valid_y).float().mean().item()


model.train()
for epoch in range(EPOCHS):
    total = 0.0
    optimizer.zero_grad()
    for step, (x, y) in enumerate(loader, start=1):
        loss = criterion(model(x), y)
        (loss / ACCUM_STEPS).backward()  # 그래디언트를 모은다
        total += loss.item()
        if step % ACCUM_STEPS == 0:
            optimizer.step()
            optimizer.zero_grad()
    print(f"에폭 {epoch + 1:2d} | 손실 {total / len(loader):.4f} | 정확도 {검증():.3f}")
