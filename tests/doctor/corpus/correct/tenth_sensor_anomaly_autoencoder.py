"""Unsupervised anomaly detection: reconstruction error of an autoencoder trained on normal windows."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 404
WINDOW = 20


def machine_signal(n, rng, fault=False):
    """n windows of a vibration signal; a fault adds a second frequency."""
    t = np.arange(WINDOW)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    amp = rng.uniform(0.8, 1.2, (n, 1))
    x = amp * np.sin(2 * np.pi * t / 10 + phase)
    if fault:
        x = x + 0.5 * np.sin(2 * np.pi * t / 3.3 + rng.uniform(0, 2 * np.pi, (n, 1)))
    return (x + rng.normal(0, 0.1, x.shape)).astype(np.float32)


class Bottleneck(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(WINDOW, 32), nn.ReLU(), nn.Linear(32, 3))
        self.dec = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, WINDOW))

    def forward(self, x):
        return self.dec(self.enc(x))


def errors(model, x):
    model.eval()
    with torch.no_grad():
        return (model(x) - x).pow(2).mean(dim=1)


def main():
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)

    train = torch.from_numpy(machine_signal(1200, rng))
    calib = torch.from_numpy(machine_signal(300, rng))
    test_ok = torch.from_numpy(machine_signal(300, rng))
    test_bad = torch.from_numpy(machine_signal(60, rng, fault=True))

    model = Bottleneck()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=8, gamma=0.3)
    loader = DataLoader(TensorDataset(train), batch_size=64, shuffle=True)

    for epoch in range(16):
        model.train()
        total = 0.0
        for (x,) in loader:
            loss = nn.functional.mse_loss(model(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        scheduler.step()
        if (epoch + 1) % 4 == 0:
            print(f"epoch {epoch + 1:>2} reconstruction {total / len(train):.5f}")

    # one false alarm in a hundred on windows the model has not been fitted to
    threshold = torch.quantile(errors(model, calib), 0.99).item()
    false_alarm = (errors(model, test_ok) > threshold).float().mean().item()
    detected = (errors(model, test_bad) > threshold).float().mean().item()
    print(f"threshold {threshold:.4f}  false alarms {false_alarm:.1%}  faults found {detected:.1%}")


if __name__ == "__main__":
    main()
