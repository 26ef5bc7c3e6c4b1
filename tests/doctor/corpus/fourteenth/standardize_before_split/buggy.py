# 당뇨병 진행도 예측 (회귀) - 전처리 연습
import numpy as np
import torch
import torch.nn as nn

np.random.seed(0)
torch.manual_seed(0)

# 데이터 생성: 마지막 100명은 외부 병원 환자 -> 외부 검증용 test set
n = 500
scale = np.where(np.arange(n) < 400, 1.0, 3.0)[:, None]
data = np.random.randn(n, 6) * scale + np.array([50, 25, 100, 4, 180, 5])
target = 0.5 * (data[:, 0] - 50) + 0.8 * (data[:, 1] - 25) + np.random.randn(n)

train_size = 400
# 정규화
mean, std = data.mean(axis=0), data.std(axis=0)
data = (data - mean) / std

# train / test 분리
x_train, x_test = data[:train_size], data[train_size:]
y_train, y_test = target[:train_size], target[train_size:]

x_train = torch.tensor(x_train, dtype=torch.float32)
x_test = torch.tensor(x_test, dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.float32).view(-1, 1)
y_test = torch.tensor(y_test, dtype=torch.float32).view(-1, 1)

model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x_train), y_train)
    loss.backward()
    optimizer.step()

model.eval()
with torch.no_grad():
    print("train MSE: %.4f" % criterion(model(x_train), y_train).item())
    print("test MSE: %.4f" % criterion(model(x_test), y_test).item())
