import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

RNN_OPTS = {"num_layers": 1}
WINDOW = 20
HIDDEN = 24


def windows(series, length):
    xs = np.stack([series[i:i + length] for i in range(len(series) - length)])
    ys = series[length:]
    return torch.from_numpy(xs).float().unsqueeze(-1), torch.from_numpy(ys).float()


class Forecaster(nn.Module):
    def __init__(self, n_features=1):
        super().__init__()
        self.rnn = nn.GRU(n_features, HIDDEN, **RNN_OPTS)
        self.readout = nn.Linear(HIDDEN, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.readout(out[:, -1]).squeeze(-1)


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.crit = nn.MSELoss()

    def fit(self, loader, epochs):
        for _ in range(epochs):
            self.model.train()
            for xb, yb in loader:
                self.opt.zero_grad()
                loss = self.crit(self.model(xb), yb)
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.opt.step()

    @torch.no_grad()
    def rmse(self, loader):
        self.model.eval()
        se, n = 0.0, 0
        for xb, yb in loader:
            se += (self.model(xb) - yb).pow(2).sum().item()
            n += len(yb)
        return (se / n) ** 0.5


rng = np.random.default_rng(0)
t = np.arange(1400)
raw = np.sin(0.15 * t) + 0.5 * np.sin(0.4 * t + 1.0) + 0.05 * rng.standard_normal(1400)
train_raw, test_raw = raw[:1100], raw[1100:]
mean, std = train_raw.mean(), train_raw.std()
torch.manual_seed(0)
train_dl = DataLoader(TensorDataset(*windows((train_raw - mean) / std, WINDOW)), batch_size=40, shuffle=True)
test_dl = DataLoader(TensorDataset(*windows((test_raw - mean) / std, WINDOW)), batch_size=140)

trainer = Trainer(Forecaster(), lr=5e-3)
trainer.fit(train_dl, epochs=10)
print("test rmse %.4f" % trainer.rmse(test_dl))
