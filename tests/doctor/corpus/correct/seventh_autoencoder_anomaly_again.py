# Bearing vibration: autoencoder trained on healthy records only, threshold from healthy validation records
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(17)
torch.manual_seed(17)
N = 64
t = np.arange(N) / N


def healthy(n):
    f = rng.normal(5, 0.2, (n, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    a = np.sin(2 * np.pi * f * t + phase) + 0.3 * np.sin(4 * np.pi * f * t + 2 * phase)
    return a + rng.normal(0, 0.1, (n, N))


def faulty(n):
    x = healthy(n)
    for row, start in zip(x, rng.integers(0, N - 12, n)):
        row[start:start + 12] += 1.0 * np.sin(np.arange(12) * 2.2) * np.exp(-np.arange(12) / 5)
    return x


train, val = healthy(1500), healthy(300)
test = np.concatenate([healthy(300), faulty(300)])
is_fault = np.repeat([0, 1], 300)

mean, std = train.mean(), train.std()
as_tensor = lambda a: torch.tensor((a - mean) / std, dtype=torch.float32).unsqueeze(1)
loader = DataLoader(TensorDataset(as_tensor(train)), batch_size=64, shuffle=True)


class AE(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, 8, 5, stride=2, padding=2), nn.GELU(),
            nn.Conv1d(8, 16, 5, stride=2, padding=2), nn.GELU(),
            nn.Flatten(), nn.Linear(16 * 16, code))
        self.decoder = nn.Sequential(
            nn.Linear(code, 16 * 16), nn.GELU(), nn.Unflatten(1, (16, 16)),
            nn.ConvTranspose1d(16, 8, 4, stride=2, padding=1), nn.GELU(),
            nn.ConvTranspose1d(8, 1, 4, stride=2, padding=1))

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = AE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.MSELoss()


@torch.no_grad()
def errors(a):
    model.eval()
    x = as_tensor(a)
    return (model(x) - x).square().mean(dim=(1, 2)).numpy()


for epoch in range(14):
    model.train()
    total = 0.0
    for (x,) in loader:
        noisy = x + 0.05 * torch.randn_like(x)
        loss = loss_fn(model(noisy), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * x.size(0)
    if epoch % 3 == 1:
        print(f"epoch {epoch} train {total / len(loader.dataset):.4f}  val {errors(val).mean():.4f}")

threshold = np.quantile(errors(val), 0.95)
e = errors(test)
alarm = e > threshold
print(f"AUC {roc_auc_score(is_fault, e):.3f}  detected {alarm[is_fault == 1].mean():.3f}  "
      f"false alarms {alarm[is_fault == 0].mean():.3f} (expected about 0.05)")
