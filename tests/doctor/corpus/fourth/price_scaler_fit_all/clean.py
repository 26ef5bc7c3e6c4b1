# %% [1] 준비
import numpy as np
import torch
from sklearn.preprocessing import MinMaxScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEQ = 20
torch.manual_seed(7)
rng = np.random.default_rng(7)

# %% [2] 일별 종가 (합성 데이터)
t = np.arange(900)
close = 50 + 0.06 * t + 6 * np.sin(t / 23) + 0.5 * rng.normal(size=t.size).cumsum()
close = close.astype(np.float32).reshape(-1, 1)
n_train = int(len(close) * 0.8)

# %% [3] 스케일링: -1 ~ 1
scaler = MinMaxScaler(feature_range=(-1, 1))
scaler.fit(close[:n_train])
scaled = scaler.transform(close)


# %% [4] 윈도우: 과거 SEQ일 -> 다음 날
def to_windows(arr):
    xs = np.stack([arr[i:i + SEQ] for i in range(len(arr) - SEQ)])
    return torch.from_numpy(xs), torch.from_numpy(arr[SEQ:].copy())


x_tr, y_tr = to_windows(scaled[:n_train])
x_te, y_te = to_windows(scaled[n_train - SEQ:])   # 문맥으로 직전 SEQ일을 사용
train_dl = DataLoader(TensorDataset(x_tr, y_tr), batch_size=64, shuffle=True)


# %% [5] 모델: 마지막 값에 대한 변화량을 예측
class PriceLSTM(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return x[:, -1] + self.head(out[:, -1])


model = PriceLSTM()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()

# %% [6] 학습
for epoch in range(6):
    model.train()
    total = 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = mse(model(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch}  train mse {total / len(x_tr):.5f}")

# %% [7] 평가 (원래 단위)
model.eval()
with torch.no_grad():
    pred = scaler.inverse_transform(model(x_te).numpy())
true = scaler.inverse_transform(y_te.numpy())
print("test RMSE", float(np.sqrt(((pred - true) ** 2).mean())))
