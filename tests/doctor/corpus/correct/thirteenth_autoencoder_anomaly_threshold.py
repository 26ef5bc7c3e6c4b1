"""Anomaly detection: autoencoder trained on normal data, threshold taken from a separate normal set."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(61)
BASIS = torch.randn(3, 16)


def normal(n):
    return torch.tanh(torch.randn(n, 3) @ BASIS * 0.5) + 0.05 * torch.randn(n, 16)


def anomalous(n):
    x = normal(n)
    for row in x:
        row[torch.randperm(16)[:4]] = 2 * torch.rand(4) - 1
    return x


train, calib = normal(1500), normal(400)
test_x = torch.cat([normal(300), anomalous(100)])
test_y = torch.cat([torch.zeros(300), torch.ones(100)]).bool()

mean, std = train.mean(0), train.std(0)
train, calib, test_x = [(t - mean) / std for t in (train, calib, test_x)]
loader = DataLoader(TensorDataset(train), batch_size=75, shuffle=True)

encoder = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 3))
decoder = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 16))
ae = nn.Sequential(encoder, decoder)
opt = torch.optim.Adam(ae.parameters(), lr=5e-3)


@torch.no_grad()
def score(x):
    ae.eval()
    return F.mse_loss(ae(x), x, reduction="none").mean(dim=1)


for epoch in range(1, 26):
    ae.train()
    for (xb,) in loader:
        opt.zero_grad()
        F.mse_loss(ae(xb), xb).backward()
        opt.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch}: reconstruction error on calibration set {score(calib).mean().item():.4f}")

threshold = score(calib).quantile(0.95)
flagged = score(test_x) > threshold
tp = (flagged & test_y).sum().item()
print(f"threshold {threshold.item():.4f}")
print(f"false alarm rate {(flagged & ~test_y).sum().item() / 300:.3f}, detection rate {tp / 100:.3f}")
