"""LSTM으로 다음 12시간의 전력 수요를 예측한다 (합성 시계열)."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

LOOKBACK, HORIZON = 48, 12
torch.manual_seed(0)
rng = np.random.default_rng(0)

# ---- 데이터: 하루/일주일 주기 + 추세 + AR(1) 잡음
T = 24 * 120
t = np.arange(T)
noise = np.zeros(T)
for i in range(1, T):
    noise[i] = 0.8 * noise[i - 1] + rng.normal(0, 1.2)
series = 100 + 0.002 * t + 15 * np.sin(2 * np.pi * t / 24) + 6 * np.sin(2 * np.pi * t / 168) + noise

# 시간 순서대로 나누고, 통계는 학습 구간에서만 구한다
n_train, n_val = int(T * 0.7), int(T * 0.15)
mu, sd = series[:n_train].mean(), series[:n_train].std()
scaled = ((series - mu) / sd).astype(np.float32)


class Windows(Dataset):
    """[start, stop) 안의 값을 목표로 하는 창. 입력은 그 이전 구간이 필요하다."""

    def __init__(self, data, start, stop):
        self.data = torch.from_numpy(data)
        self.first = max(start, LOOKBACK)
        self.count = stop - HORIZON - self.first + 1

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        s = self.first + i
        return self.data[s - LOOKBACK:s, None], self.data[s:s + HORIZON]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, num_layers=1, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(hidden, HORIZON))

    def forward(self, x):
        recent = x[:, 24:]
        change = recent - x[:, :-24]             # 하루 전과의 차이
        _, (h, _) = self.lstm(torch.cat([recent, change], dim=-1))
        yesterday = x[:, -24:-24 + HORIZON, 0]   # 어제 같은 시각의 값에 보정만 더한다
        return yesterday + self.head(h[-1])


def mae(model, loader):
    model.eval()
    err = n = 0
    with torch.no_grad():
        for x, y in loader:
            err += (model(x) - y).abs().sum().item()
            n += y.numel()
    return err / n * sd      # 원래 단위로 되돌린다


train = DataLoader(Windows(scaled, 0, n_train), batch_size=64, shuffle=True)
val = DataLoader(Windows(scaled, n_train, n_train + n_val), batch_size=128)
test = DataLoader(Windows(scaled, n_train + n_val, T), batch_size=128)

model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=1)
best, best_weights = float("inf"), None

for epoch in range(8):
    model.train()
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.smooth_l1_loss(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    v = mae(model, val)
    plateau.step(v)
    if v < best:
        best, best_weights = v, {k: p.clone() for k, p in model.state_dict().items()}
    if epoch % 3 == 0:
        print(f"epoch {epoch} val MAE {v:.2f} lr {opt.param_groups[0]['lr']:.4f}")

model.load_state_dict(best_weights)
naive = np.mean([np.abs(series[s:s + HORIZON] - series[s - 24:s - 24 + HORIZON]).mean()
                 for s in range(n_train + n_val, T - HORIZON + 1)])
print(f"test MAE {mae(model, test):.2f}  (어제 같은 시각 기준: {naive:.2f})")
