import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def load_curve(days=260):
    """Hourly load of a small grid: day and week rhythm, and noise that grows through the year."""
    t = torch.arange(days * 24, dtype=torch.float32)
    daily = torch.sin(2 * torch.pi * t / 24) + 0.4 * torch.sin(4 * torch.pi * t / 24 + 1)
    weekly = 0.5 * torch.cos(2 * torch.pi * t / 168)
    noise = (0.15 + 0.25 * t / len(t)) * torch.randn(len(t))
    return daily + weekly + noise


def windows(series, past=48, ahead=6, stride=3):
    chunks = series.unfold(0, past + ahead, stride)
    return chunks[:, :past], chunks[:, past:]


def train_one_epoch(model, loader, crit, opt):
    model.train()
    total = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = crit(model(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    return total / len(loader.dataset)


def validate(model, loader, crit):
    model.eval()
    with torch.no_grad():
        for xb, yb in loader:
            loss = crit(model(xb), yb).item()
    return loss


def main():
    torch.manual_seed(42)
    series = load_curve()
    cut = int(len(series) * 0.75)
    mean, std = series[:cut].mean(), series[:cut].std()
    series = (series - mean) / std
    train_dl = DataLoader(TensorDataset(*windows(series[:cut])), batch_size=64, shuffle=True)
    val_dl = DataLoader(TensorDataset(*windows(series[cut:])), batch_size=64)

    model = nn.Sequential(nn.Linear(48, 96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, 6))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    crit = nn.MSELoss()
    best, best_state, patience, waited = float("inf"), None, 5, 0
    for epoch in range(40):
        tr = train_one_epoch(model, train_dl, crit, opt)
        va = validate(model, val_dl, crit)
        print(f"epoch {epoch:2d} train {tr:.4f} val {va:.4f}")
        if va < best:
            best, best_state, waited = va, copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
            if waited == patience:
                break
    model.load_state_dict(best_state)
    print(f"best val {best:.4f}")


if __name__ == "__main__":
    main()
