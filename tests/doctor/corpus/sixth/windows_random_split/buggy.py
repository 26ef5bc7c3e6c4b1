import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader, random_split


class SlidingWindow(Dataset):
    def __init__(self, series, width):
        self.series = series
        self.width = width

    def __len__(self):
        return len(self.series) - self.width

    def __getitem__(self, i):
        return self.series[i:i + self.width].unsqueeze(-1), self.series[i + self.width]


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.out(h[-1]).squeeze(-1)


# ---- load consumption per hour (synthetic)
torch.manual_seed(7)
t = torch.arange(1200.0)
load = torch.sin(t / 24 * 6.2832) + 0.3 * torch.sin(t / 168 * 6.2832) + torch.randn(1200).cumsum(0) * 0.03 + 0.1 * torch.randn(1200)

window = 24
n_train = 900
mu, sd = load[:n_train].mean(), load[:n_train].std()
windows = SlidingWindow((load - mu) / sd, window)
n_valid = len(windows) - (n_train - window)
train_part, valid_part = random_split(windows, [n_train - window, n_valid])

model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
mse = nn.MSELoss()
for epoch in range(6):
    model.train()
    for x, target in DataLoader(train_part, batch_size=32, shuffle=True):
        opt.zero_grad()
        mse(model(x), target).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    model.eval()
    se = 0.0
    with torch.no_grad():
        for x, target in DataLoader(valid_part, batch_size=128):
            se += (model(x) - target).pow(2).sum().item()
    print(epoch, "valid MSE", round(se / len(valid_part), 4))
