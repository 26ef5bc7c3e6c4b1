import numpy as np
import torch
import torch.nn as nn

SEQ_LEN = 24
TRAIN_RATIO = 0.8


def load_series(n=900, seed=0):
    """electricity-like load: daily cycle plus a random walk"""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return 10 * np.sin(2 * np.pi * t / 24) + np.cumsum(rng.normal(0, 1.0, n))


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1]).squeeze(1)


def main():
    torch.manual_seed(0)
    series = load_series()
    n = len(series) - SEQ_LEN
    cut = int(TRAIN_RATIO * n)
    head = series[:cut]
    mu, sd = head.mean(), head.std()
    z = torch.tensor((series - mu) / sd, dtype=torch.float32)

    windows = torch.stack([z[i:i + SEQ_LEN] for i in range(n)]).unsqueeze(-1)
    target = z[SEQ_LEN:]

    order = torch.randperm(n)
    train_idx, test_idx = order[:cut], order[cut + SEQ_LEN:]

    model = Forecaster()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_fn = nn.MSELoss()
    for epoch in range(5):
        model.train()
        total = 0.0
        for pick in torch.randperm(len(train_idx)).split(32):
            idx = train_idx[pick]
            opt.zero_grad()
            loss = loss_fn(model(windows[idx]), target[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch} train mse {total / len(train_idx):.4f}")
    model.eval()
    with torch.no_grad():
        mae = (model(windows[test_idx]) - target[test_idx]).abs().mean().item() * sd
    print(f"test MAE {mae:.3f} on {len(test_idx)} windows")


main()
