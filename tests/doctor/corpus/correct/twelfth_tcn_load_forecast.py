import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CONTEXT, HORIZON = 48, 6


def synth_load(hours, seed=11):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    daily = 8 * np.sin(2 * np.pi * t / 24)
    weekly = 3 * np.sin(2 * np.pi * t / 168)
    return (50 + daily + weekly + rng.normal(0, 1, hours)).astype(np.float32)


class WindowDataset(Dataset):
    def __init__(self, series):
        self.series = torch.from_numpy(series)

    def __len__(self):
        return len(self.series) - CONTEXT - HORIZON + 1

    def __getitem__(self, i):
        mid = i + CONTEXT
        return self.series[i:mid].unsqueeze(0), self.series[mid:mid + HORIZON]


class CausalConv(nn.Module):
    def __init__(self, c_in, c_out, dilation):
        super().__init__()
        self.pad = nn.ConstantPad1d((2 * dilation, 0), 0.0)
        self.conv = nn.Conv1d(c_in, c_out, 3, dilation=dilation)
        self.skip = nn.Conv1d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x):
        return torch.relu(self.conv(self.pad(x))) + self.skip(x)


class TCN(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.blocks = nn.Sequential(CausalConv(1, width, 1), CausalConv(width, width, 4), CausalConv(width, width, 12))
        self.head = nn.Linear(width, HORIZON)

    def forward(self, x):
        return self.head(self.blocks(x)[:, :, -1])


torch.manual_seed(11)
series = synth_load(1400)
train_raw, val_raw, test_raw = series[:1000], series[1000:1200], series[1200:]
mu, sigma = train_raw.mean(), train_raw.std()
train_ds, val_ds, test_ds = (WindowDataset((s - mu) / sigma) for s in (train_raw, val_raw, test_raw))
train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=128)
test_loader = DataLoader(test_ds, batch_size=128)

model = TCN()
loss_fn = nn.HuberLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)


@torch.no_grad()
def mae(loader):
    model.eval()
    err, n = 0.0, 0
    for x, y in loader:
        err += (model(x) - y).abs().sum().item()
        n += y.numel()
    return err / n * float(sigma)


best_mae, best_weights, waited = float("inf"), None, 0
for epoch in range(12):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
    current = mae(val_loader)
    print(f"epoch {epoch:2d}  val MAE {current:.3f} MW")
    if current < best_mae:
        best_mae, waited = current, 0
        best_weights = {k: v.clone() for k, v in model.state_dict().items()}
    else:
        waited += 1
        if waited == 3:
            break
model.load_state_dict(best_weights)
print(f"test MAE {mae(test_loader):.3f} MW")
