import math

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

# next-step forecast of a noisy sine with an LSTM
torch.manual_seed(0)
SEQ_LEN = 24


def windows(series):
    xs = torch.stack([series[i:i + SEQ_LEN] for i in range(len(series) - SEQ_LEN)])
    ys = series[SEQ_LEN:]
    return xs.unsqueeze(-1), ys.unsqueeze(-1)   # (N, 24, 1), (N, 1)


t = torch.arange(900).float()
series = torch.sin(2 * math.pi * t / 25) + 0.05 * torch.randn(900)
train_x, train_y = windows(series[:700])
test_x, test_y = windows(series[700:])
loader = DataLoader(TensorDataset(train_x, train_y), batch_size=32, shuffle=True)


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=hidden, num_layers=1, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        # x: (batch, seq, feature)
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


model = Forecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(6):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

model.eval()
with torch.no_grad():
    print("test MSE", criterion(model(test_x), test_y).item())
