# 시계열 예측: 지난 24시간으로 다음 한 시간의 수요를 예측한다
import math
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

torch.manual_seed(11)
W = 24
HOURS = 1200


def make_series():
    t = torch.arange(HOURS, dtype=torch.float32)
    daily = torch.sin(2 * math.pi * t / 24)
    walk = torch.cumsum(0.05 * torch.randn(HOURS), 0)
    return 3 * daily + walk + 0.2 * torch.randn(HOURS)


class WindowDataset(Dataset):
    def __init__(self, series, width):
        self.series = series
        self.width = width

    def __len__(self):
        return len(self.series) - self.width

    def __getitem__(self, i):
        past = self.series[i:i + self.width].unsqueeze(-1)
        return past, self.series[i + self.width]


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.head(h[-1]).squeeze(-1)


series = make_series()
border = int(0.8 * HOURS)
# 정규화 통계는 학습 구간에서만 구한다
mean, std = series[:border].mean(), series[:border].std()
ds = WindowDataset((series - mean) / std, W)

n_train = border - W
train_set = Subset(ds, range(n_train))
val_set = Subset(ds, range(border, len(ds)))

model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()

for epoch in range(6):
    model.train()
    for past, nxt in DataLoader(train_set, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(past), nxt)
        loss.backward()
        optimizer.step()

    model.eval()
    total = 0.0
    with torch.no_grad():
        for past, nxt in DataLoader(val_set, batch_size=128):
            total += criterion(model(past), nxt).item() * len(nxt)
    print(f'에폭 {epoch} 검증 MSE {total / len(val_set):.4f}')
