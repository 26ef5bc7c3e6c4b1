"""Next-hour electricity demand with an LSTM; the last fifth of the series is held out."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
gen = np.random.default_rng(3)

hours = np.arange(24 * 50)
demand = 50 + 12 * np.sin(2 * np.pi * hours / 24) + 5 * np.sin(2 * np.pi * hours / (24 * 7))
demand = demand + gen.normal(0, 1.0, hours.size)

WINDOW = 24
cut = int(0.8 * len(demand))
mean, std = demand[:cut].mean(), demand[:cut].std()
scaled = ((demand - mean) / std).astype(np.float32)


def windows(series):
    xs = np.stack([series[i:i + WINDOW] for i in range(len(series) - WINDOW)])
    ys = series[WINDOW:]
    return torch.from_numpy(xs).unsqueeze(-1), torch.from_numpy(ys)


train_x, train_y = windows(scaled[:cut])
test_x, test_y = windows(scaled[cut:])
train_loader = DataLoader(TensorDataset(train_x, train_y), batch_size=64, shuffle=True)


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


model = Forecaster()
loss_fn = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(6):
    model.train()
    seen, total = 0, 0.0
    for xb, yb in train_loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item() * len(yb)
        seen += len(yb)
    print(f"epoch {epoch + 1}: train mse {total / seen:.4f}")

model.eval()
with torch.inference_mode():
    pred = model(test_x)
mae = (pred - test_y).abs().mean().item() * std
naive = (test_x[:, -1, 0] - test_y).abs().mean().item() * std
print(f"test MAE {mae:.2f} MW (persistence: {naive:.2f} MW)")
