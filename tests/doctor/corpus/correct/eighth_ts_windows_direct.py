# Forecasting hourly load: 48 hours in, next 12 hours out (direct multi-step), with seasonal-naive baseline
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
rng = np.random.default_rng(0)
LOOKBACK, HORIZON, DAY = 48, 12, 24

# %% data
n = 24 * 80
t = np.arange(n)
temp = 10 + 6 * np.sin(2 * np.pi * t / DAY - 2) + np.cumsum(rng.normal(0, 0.08, n))
load = 100 + 20 * np.sin(2 * np.pi * t / DAY) - 0.8 * temp + 8 * ((t // DAY) % 7 >= 5) + rng.normal(0, 2, n)
series = np.stack([load, temp, np.sin(2 * np.pi * t / DAY), np.cos(2 * np.pi * t / DAY)], 1).astype("float32")

i_val, i_test = int(n * 0.7), int(n * 0.85)
mean, std = series[:i_val].mean(0), series[:i_val].std(0)     # from the training period only
z = (series - mean) / std


class Windows(Dataset):
    """The targets lie in [start, stop); the inputs may reach back before start, as they would in use."""

    def __init__(self, z, start, stop, stride=1):
        self.z = torch.from_numpy(z)
        self.first = list(range(max(start, LOOKBACK), stop - HORIZON + 1, stride))

    def __len__(self):
        return len(self.first)

    def __getitem__(self, k):
        i = self.first[k]
        return self.z[i - LOOKBACK:i], self.z[i:i + HORIZON, 0]


train = DataLoader(Windows(z, 0, i_val), batch_size=128, shuffle=True)      # whole windows are shuffled
val = DataLoader(Windows(z, i_val, i_test), batch_size=256)
test = DataLoader(Windows(z, i_test, n, stride=HORIZON), batch_size=256)


# %% model
class Forecaster(nn.Module):
    def __init__(self, n_in, hidden=24):
        super().__init__()
        self.gru = nn.GRU(n_in, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, HORIZON)

    def forward(self, x):
        _, h = self.gru(x)
        return x[:, -DAY:-DAY + HORIZON, 0] + self.fc(h[-1])   # correction to "the same as yesterday"


@torch.no_grad()
def mae(predict, loader):
    """In units of the load."""
    err, count = 0.0, 0
    for x, y in loader:
        err += (predict(x) - y).abs().sum().item()
        count += y.numel()
    return err / count * float(std[0])


def naive(x):
    return x[:, -DAY:-DAY + HORIZON, 0]


# %% train
model = Forecaster(z.shape[1])
opt = torch.optim.Adam(model.parameters(), lr=8e-3)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.3, patience=1)
best, best_sd, bad = np.inf, None, 0
for epoch in range(8):
    model.train()
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.huber_loss(model(x), y)
        loss.backward()
        opt.step()
    model.eval()
    v = mae(model, val)
    plateau.step(v)
    print(f"epoch {epoch} val MAE {v:.3f} lr {opt.param_groups[0]['lr']:.4f}")
    if v < best - 1e-4:
        best, bad = v, 0
        best_sd = {k: p.clone() for k, p in model.state_dict().items()}
    else:
        bad += 1
        if bad == 4:
            break

# %% test
model.load_state_dict(best_sd)
model.eval()
print(f"test MAE: model {mae(model, test):.3f}, seasonal naive {mae(naive, test):.3f}")
