# 중고차 가격 예측 모델
import torch
import torch.nn as nn

torch.manual_seed(2023)

# 1. 데이터 준비 (연식, 주행거리, 배기량)
n = 500
age = torch.rand(n) * 15
mileage = age * 1.2 + torch.rand(n) * 5
engine = 1.0 + 2.0 * torch.rand(n)
price = 25 - 1.3 * age - 0.3 * mileage + 4 * engine + torch.randn(n)

X = torch.stack([age, mileage, engine], dim=1)
Y = price.unsqueeze(1)
X_train, X_test = X[:400], X[400:]
Y_train, Y_test = Y[:400], Y[400:]

# 2. 정규화 (학습 데이터 기준)
m, s = X_train.mean(0), X_train.std(0)
X_train, X_test = (X_train - m) / s, (X_test - m) / s
ym, ys = Y_train.mean(), Y_train.std()
Y_train = (Y_train - ym) / ys

# 3. 모델
model = nn.Sequential(
    nn.Linear(3, 16),
    nn.ReLU(),
    nn.Linear(16, 1),
)
mse = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

# 4. 학습
for epoch in range(20):
    perm = torch.randperm(400)
    loss_sum = 0.0
    for i in range(0, 400, 20):
        b = perm[i:i + 20]
        optimizer.zero_grad()
        loss = mse(model(X_train[b]), Y_train[b])
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
    if (epoch + 1) % 5 == 0:
        print("epoch", epoch + 1, "평균 손실:", round(loss_sum / 20, 4))

# 5. 평가
model.eval()
with torch.no_grad():
    pred = model(X_test) * ys + ym
print("테스트 MAE:", (pred - Y_test).abs().mean().item())
