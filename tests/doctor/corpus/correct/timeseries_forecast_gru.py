"""Multi-step forecasting with a GRU. Chronological split, scaler from the training span only."""
import copy

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CONTEXT, HORIZON, SEED = 36, 6, 1


def make_series(n=1500):
    rng = np.random.default_rng(SEED)
    t = np.arange(n)
    noise = np.zeros(n)
    for i in range(1, n):
        noise[i] = 0.6 * noise[i - 1] + rng.normal(0, 0.3)
    return 20 + 3 * np.sin(2 * np.pi * t / 24) + 1.5 * np.sin(2 * np.pi * t / 60) + noise


class Windows(Dataset):
    """Every window (context and horizon) lies inside the span it is given."""

    def __init__(self, values):
        self.values = torch.tensor(values, dtype=torch.float32)

    def __len__(self):
        return len(self.values) - CONTEXT - HORIZON + 1

    def __getitem__(self, i):
        x = self.values[i : i + CONTEXT].unsqueeze(-1)
        y = self.values[i + CONTEXT : i + CONTEXT + HORIZON]
        return x, y


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, HORIZON)

    def forward(self, x):
        out, _ = self.gru(x)
        # predict the change relative to the last observed value
        return x[:, -1, :] + self.head(out[:, -1])


def predict(model, loader):
    model.eval()
    preds, trues = [], []
    with torch.no_grad():
        for x, y in loader:
            preds.append(model(x))
            trues.append(y)
    return torch.cat(preds), torch.cat(trues)


def main():
    torch.manual_seed(SEED)
    series = make_series()
    a, b = int(0.7 * len(series)), int(0.85 * len(series))
    mean, std = series[:a].mean(), series[:a].std()
    scaled = (series - mean) / std
    train_dl = DataLoader(Windows(scaled[:a]), batch_size=64, shuffle=True)
    val_dl = DataLoader(Windows(scaled[a:b]), batch_size=128)
    test_dl = DataLoader(Windows(scaled[b:]), batch_size=128)

    model, loss_fn = Forecaster(), nn.MSELoss()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    best, best_state, patience, bad = float("inf"), None, 3, 0
    for epoch in range(10):
        model.train()
        for x, y in train_dl:
            opt.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        p, y = predict(model, val_dl)
        val = loss_fn(p, y).item()
        print(f"epoch {epoch + 1}: val mse {val:.4f}")
        if val < best:
            best, best_state, bad = val, copy.deepcopy(model.state_dict()), 0
        else:
            bad += 1
            if bad == patience:
                break
    model.load_state_dict(best_state)
    p, y = predict(model, test_dl)
    mae = (p - y).abs().mean(0) * std  # back to the original unit
    print("test MAE per step:", [round(v, 3) for v in mae.tolist()])
    last = torch.cat([x[:, -1] for x, _ in test_dl])
    print("naive MAE per step:", [round(v, 3) for v in ((last - y).abs().mean(0) * std).tolist()])


if __name__ == "__main__":
    main()
