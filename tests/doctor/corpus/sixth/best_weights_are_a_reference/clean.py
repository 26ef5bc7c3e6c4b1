import copy
import torch
import torch.nn as nn


class EarlyStopping:
    def __init__(self, patience=6, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.waited, self.weights = float("inf"), 0, None

    def update(self, value, model):
        """Returns True when it is time to stop."""
        if value < self.best - self.min_delta:
            self.best, self.waited = value, 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience


class Forecaster(nn.Module):
    def __init__(self, n_features, hidden=48):
        super().__init__()
        self.rnn = nn.GRU(n_features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.out(h[-1]).squeeze(-1)


def ar_series(n):
    """Two coupled noisy AR(2) processes; the first one is to be forecast."""
    a = torch.zeros(n, 2)
    eps = 0.5 * torch.randn(n, 2)
    for t in range(2, n):
        a[t, 0] = 1.2 * a[t - 1, 0] - 0.5 * a[t - 2, 0] + 0.3 * a[t - 1, 1] + eps[t, 0]
        a[t, 1] = 0.7 * a[t - 1, 1] + eps[t, 1]
    return a


def frames(series, steps):
    x = series[:-1].unfold(0, steps, 1).transpose(1, 2).contiguous()
    return x, series[steps:, 0]


torch.manual_seed(6)
data = ar_series(700)
mean, std = data[:250].mean(0), data[:250].std(0)
data = (data - mean) / std
train_x, train_y = frames(data[:250], 12)
val_x, val_y = frames(data[250:450], 12)
test_x, test_y = frames(data[450:], 12)

model = Forecaster(2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.MSELoss()
stopper = EarlyStopping()


def score(x, y):
    model.eval()
    with torch.no_grad():
        return criterion(model(x), y).item()


for epoch in range(40):
    model.train()
    for idx in torch.randperm(len(train_x)).split(32):
        optimizer.zero_grad()
        criterion(model(train_x[idx]), train_y[idx]).backward()
        optimizer.step()
    val = score(val_x, val_y)
    if stopper.update(val, model):
        print(f"stopped after epoch {epoch}, best val {stopper.best:.4f}")
        break

model.load_state_dict(stopper.weights)
print(f"val {score(val_x, val_y):.4f}  test {score(test_x, test_y):.4f}")
