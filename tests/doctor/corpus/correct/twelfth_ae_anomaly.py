"""Anomaly detection in sensor windows: autoencoder fitted on normal data, threshold from validation errors."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

WINDOW = 32


def normal_windows(rng, n):
    t = np.arange(WINDOW)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    amp = rng.uniform(0.8, 1.2, (n, 1))
    return amp * np.sin(2 * np.pi * t / 16 + phase) + 0.1 * rng.normal(size=(n, WINDOW))


def inject(rng, windows):
    out = windows.copy()
    starts = rng.integers(0, WINDOW - 6, len(out))
    for row, s in zip(out, starts):
        row[s:s + 6] += rng.choice([-1.5, 1.5])
    return out


class AutoEncoder(nn.Module):
    def __init__(self, code=4):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(WINDOW, 32), nn.Tanh(), nn.Linear(32, code))
        self.decoder = nn.Sequential(nn.Linear(code, 32), nn.Tanh(), nn.Linear(32, WINDOW))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def errors(model, x):
    model.eval()
    with torch.inference_mode():
        return (model(x) - x).square().mean(dim=1)


def main():
    rng = np.random.default_rng(2024)
    torch.manual_seed(2024)
    train, valid = normal_windows(rng, 800), normal_windows(rng, 300)
    test = np.concatenate([normal_windows(rng, 200), inject(rng, normal_windows(rng, 50))])
    is_anomaly = torch.arange(250) >= 200

    mean, std = train.mean(), train.std()
    train, valid, test = (torch.tensor((a - mean) / std, dtype=torch.float32) for a in (train, valid, test))
    loader = DataLoader(TensorDataset(train), batch_size=50, shuffle=True)

    model = AutoEncoder()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    mse = nn.MSELoss()
    for epoch in range(1, 26):
        model.train()
        for (x,) in loader:
            opt.zero_grad()
            loss = mse(model(x), x)
            loss.backward()
            opt.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch} valid mse {errors(model, valid).mean().item():.4f}")

    threshold = errors(model, valid).quantile(0.98)
    flagged = errors(model, test) > threshold
    tp = (flagged & is_anomaly).sum().item()
    precision, recall = tp / max(flagged.sum().item(), 1), tp / is_anomaly.sum().item()
    print(f"threshold {threshold.item():.4f} precision {precision:.2f} recall {recall:.2f}")


if __name__ == "__main__":
    main()
