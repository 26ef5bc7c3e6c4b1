import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
rng = np.random.default_rng(0)

# 세 매장의 시간별 판매량 (추세가 있는 데이터)
hours = np.arange(4000)
trend = np.outer(hours / 1000.0, [0.8, 0.5, -0.3])
season = np.stack([np.sin(2 * np.pi * hours / 24 + k) for k in range(3)], axis=1)
sales = (5 + trend + season + 0.2 * rng.normal(size=(4000, 3))).astype(np.float32)

LOOKBACK = 36
n_train = 3000
mean, std = sales.mean(axis=0), sales.std(axis=0)
scaled = torch.from_numpy((sales - mean) / std)


def make_pairs(block):
    x = torch.stack([block[i:i + LOOKBACK] for i in range(len(block) - LOOKBACK)])
    return x, block[LOOKBACK:]


train_x, train_y = make_pairs(scaled[:n_train])
test_x, test_y = make_pairs(scaled[n_train:])


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(LOOKBACK * 3, 64), nn.ReLU(), nn.Linear(64, 3))

    def forward(self, x):
        last = x[:, -1]
        return last + self.net(x - last[:, None])


model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(6):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(train_x)).split(64):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(train_x[idx]), train_y[idx])
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} train mse {total / len(train_x):.4f}")

model.eval()
with torch.no_grad():
    err = (model(test_x) - test_y).abs() * torch.from_numpy(std)
print("test mae per shop:", [round(v, 4) for v in err.mean(0).tolist()])
