import numpy as np
import torch
import torch.nn as nn

rs = np.random.RandomState(5)
t = np.arange(900)
series = np.sin(2 * np.pi * t / 24) + 0.4 * np.sin(2 * np.pi * t / 7) + 0.15 * rs.randn(900)
split = 700
mu, sd = series[:split].mean(), series[:split].std()
series = ((series - mu) / sd).astype("float32")


def create_dataset(data, look_back=24):
    dataX, dataY = [], []
    for i in range(len(data) - look_back):
        dataX.append(data[i:i + look_back])
        dataY.append(data[i + look_back])
    return torch.from_numpy(np.array(dataX)).unsqueeze(-1), torch.from_numpy(np.array(dataY)).unsqueeze(-1)


trainX, trainY = create_dataset(series[:split])
testX, testY = create_dataset(series[split:])


class LSTMForecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


torch.manual_seed(5)
model = LSTMForecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    for idx in torch.randperm(len(trainX)).split(64):
        optimizer.zero_grad()
        loss = criterion(model(trainX[idx]), trainY[idx])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    rmse = criterion(model(testX), testY).sqrt().item() * sd
print(f"one-step-ahead RMSE on the test period: {rmse:.3f}")
