# 주가 예측 LSTM 연습
import numpy as np
import torch
import torch.nn as nn


class MinMaxScaler:
    def fit(self, a):
        self.lo, self.hi = a.min(), a.max()
        return self

    def transform(self, a):
        return (a - self.lo) / (self.hi - self.lo)

    def inverse_transform(self, a):
        return a * (self.hi - self.lo) + self.lo


class LSTMModel(nn.Module):
    def __init__(self, hidden_size=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1]).squeeze(-1)


def create_dataset(series, time_step):
    xs = [series[i:i + time_step] for i in range(len(series) - time_step)]
    return torch.tensor(np.array(xs), dtype=torch.float32).unsqueeze(-1), torch.tensor(series[time_step:], dtype=torch.float32)


rng = np.random.default_rng(10)
torch.manual_seed(10)

# 데이터 만들기 (종가)
days = np.arange(700)
close = 120 + 15 * np.sin(days / 18) + 6 * np.sin(days / 5) + np.cumsum(rng.normal(0, 0.4, 700))
train_raw, test_raw = close[:500], close[500:]
scaler = MinMaxScaler().fit(train_raw)
X_train, y_train = create_dataset(scaler.transform(train_raw), 20)
X_test, y_test = create_dataset(scaler.transform(test_raw), 20)

model = LSTMModel()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

# 학습
for epoch in range(12):
    model.train()
    for idx in torch.randperm(len(X_train)).split(32):
        loss = criterion(model(X_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

# 결과 확인: 원래 가격 단위로 RMSE
model.eval()
with torch.no_grad():
    train_predict = scaler.inverse_transform(model(X_train).numpy())
    test_predict = scaler.inverse_transform(model(X_test).numpy())
train_target = scaler.inverse_transform(y_train.numpy())
test_target = scaler.inverse_transform(y_test.numpy())
print("train RMSE:", round(float(np.sqrt(np.mean((train_predict - train_target) ** 2))), 3))
print("test RMSE:", round(float(np.sqrt(np.mean((test_predict - test_target) ** 2))), 3))
