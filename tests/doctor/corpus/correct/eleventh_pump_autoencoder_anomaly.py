# Anomaly detection for a pump: train an autoencoder on healthy vibration windows,
# pick a threshold on healthy validation windows, score a mixed test set.
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.RandomState(5)
torch.manual_seed(5)


def healthy(n, length=32):
    t = np.arange(length)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    return np.sin(0.4 * t + phase) + 0.1 * rng.randn(n, length)


def faulty(n, length=32):
    x = healthy(n, length)
    x[np.arange(n), rng.randint(0, length, n)] += rng.choice([-2.5, 2.5], n)
    return x


train = torch.tensor(healthy(600), dtype=torch.float32)
val = torch.tensor(healthy(200), dtype=torch.float32)
test = torch.tensor(np.concatenate([healthy(100), faulty(100)]), dtype=torch.float32)
is_fault = torch.cat([torch.zeros(100, dtype=torch.bool), torch.ones(100, dtype=torch.bool)])


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 3))
        self.decoder = nn.Sequential(nn.Linear(3, 16), nn.ELU(), nn.Linear(16, 32))

    def forward(self, x):
        return self.decoder(self.encoder(x))


ae = AutoEncoder()
optim = torch.optim.Adam(ae.parameters(), lr=5e-3)
loader = DataLoader(TensorDataset(train), batch_size=50, shuffle=True)

for epoch in range(20):
    ae.train()
    for (xb,) in loader:
        optim.zero_grad()
        loss = nn.functional.mse_loss(ae(xb), xb)
        loss.backward()
        optim.step()


@torch.no_grad()
def score(x):
    ae.eval()
    return ((ae(x) - x) ** 2).mean(dim=1)


threshold = torch.quantile(score(val), 0.98)
flagged = score(test) > threshold
tp = (flagged & is_fault).sum().item()
fp = (flagged & ~is_fault).sum().item()
fn = (~flagged & is_fault).sum().item()
print(f"threshold {threshold.item():.4f}")
print(f"precision {tp / max(tp + fp, 1):.3f}  recall {tp / (tp + fn):.3f}")
