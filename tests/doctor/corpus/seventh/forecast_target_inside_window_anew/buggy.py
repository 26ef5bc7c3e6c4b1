# %% [markdown]
# One-step-ahead forecast of a seasonal load curve with a GRU

# %%
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
HIST = 24

# %%
hours = torch.arange(1500, dtype=torch.float32)
load = 10 + 3 * torch.sin(2 * math.pi * hours / 24) + 1.5 * torch.sin(2 * math.pi * hours / 168)
ar = torch.zeros(1500)
for i in range(1, 1500):
    ar[i] = 0.7 * ar[i - 1] + 0.6 * torch.randn(())
load = load + ar

cut_a, cut_b = 1050, 1250
mu, sd = load[:cut_a].mean(), load[:cut_a].std()
z = (load - mu) / sd

# %%
def windows(series, hist):
    """(N, hist, 1) histories and the (N,) values to forecast from them."""
    rows = series.unfold(0, hist + 1, 1)
    return rows[:, 1:].unsqueeze(-1), rows[:, -1]

train = TensorDataset(*windows(z[:cut_a], HIST))
valid = TensorDataset(*windows(z[cut_a - HIST:cut_b], HIST))
test = TensorDataset(*windows(z[cut_b - HIST:], HIST))
print(len(train), len(valid), len(test))

# %%
class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return x[:, -1, 0] + self.head(h[-1]).squeeze(-1)

def mae(model, ds):
    model.eval()
    err = 0.0
    with torch.no_grad():
        for x, y in DataLoader(ds, batch_size=128):
            err += (model(x) - y).abs().sum().item()
    return err / len(ds) * sd.item()

# %%
model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
loader = DataLoader(train, batch_size=64, shuffle=True)
best, best_state = float("inf"), None
for epoch in range(8):
    model.train()
    for x, y in loader:
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    score = mae(model, valid)
    if score < best:
        best = score
        best_state = {k: v.clone() for k, v in model.state_dict().items()}
    print(f"epoch {epoch}: valid MAE {score:.3f}")

# %%
model.load_state_dict(best_state)
naive = (load[cut_b:] - load[cut_b - 1:-1]).abs().mean().item()
print(f"test MAE {mae(model, test):.3f}   naive {naive:.3f}")
