# 시계열 예측: 지난 12개월 값으로 다음 달 수요를 예측
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(1)
torch.manual_seed(1)

months = np.arange(420)
demand = 500 + 80 * np.sin(2 * np.pi * months / 12) + 0.3 * months + rng.normal(0, 12, months.size)

# scaling statistics come from the training part only
split, window = 320, 12
mean, std = demand[:split].mean(), demand[:split].std()
scaled = (demand - mean) / std


def windows(series):
    x = np.stack([series[i:i + window] for i in range(len(series) - window)])
    return torch.tensor(x, dtype=torch.float32).unsqueeze(-1), torch.tensor(series[window:], dtype=torch.float32)


x_train, y_train = windows(scaled[:split])
x_test, y_test = windows(scaled[split - window:])


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1]).squeeze(-1)


net = Forecaster()
loss_fn = nn.MSELoss()
optim = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(1, 31):
    net.train()
    for idx in torch.randperm(len(x_train)).split(44):
        optim.zero_grad()
        loss = loss_fn(net(x_train[idx]), y_train[idx])
        loss.backward()
        optim.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch} last batch loss (scaled) {loss.item():.4f}")

net.eval()
with torch.no_grad():
    forecast = net(x_test).numpy() * std + mean
actual = y_test.numpy()
rmse = np.sqrt(np.mean((forecast - actual) ** 2))
print(f"test RMSE {rmse:.2f} units per month")
