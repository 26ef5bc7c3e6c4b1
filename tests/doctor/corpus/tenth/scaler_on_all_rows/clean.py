# 아파트 실거래가 비슷한 가짜 데이터로 회귀 연습
import numpy as np
import torch
import torch.nn as nn

np.random.seed(7)
torch.manual_seed(7)


class StandardScaler:
    def fit(self, x):
        self.mu = x.mean(axis=0)
        self.sd = x.std(axis=0) + 1e-8
        return self

    def transform(self, x):
        return (x - self.mu) / self.sd


# 면적, 층, 건축연도, 역까지 거리
area = np.random.gamma(9.0, 9.0, 900)
floor = np.random.randint(1, 30, 900)
year = np.random.randint(1985, 2022, 900)
dist = np.random.exponential(700.0, 900)
X = np.stack([area, floor, year, dist], axis=1).astype(np.float32)
y = (0.08 * area + 0.05 * floor + 0.04 * (year - 1985) - 0.001 * dist + np.random.randn(900) * 0.3).astype(np.float32)

scaler = StandardScaler()
order = np.random.permutation(len(X))
tr, te = order[:700], order[700:]
X_train, y_train = X[tr], y[tr]
X_test, y_test = X[te], y[te]
X_train = scaler.fit(X_train).transform(X_train)
X_test = scaler.transform(X_test)

X_train, y_train = torch.from_numpy(X_train), torch.from_numpy(y_train).unsqueeze(1)
X_test, y_test = torch.from_numpy(X_test), torch.from_numpy(y_test).unsqueeze(1)

model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.MSELoss()

for epoch in range(60):
    model.train()
    perm = torch.randperm(len(X_train))
    for idx in perm.split(100):
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    rmse = criterion(model(X_test), y_test).sqrt().item()
print(f"test RMSE: {rmse:.3f} 억")
