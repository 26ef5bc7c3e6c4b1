"""Load forecast with a small MLP: last 48 half hours -> next half hour (in MW)."""
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CFG = dict(history=48, batch_size=64, lr=2e-3, epochs=8, seed=17)


class StandardScaler:
    def fit(self, a):
        self.mean_, self.std_ = float(a.mean()), float(a.std())
        return self

    def transform(self, a):
        return (a - self.mean_) / self.std_

    def inverse_transform(self, a):
        return a * self.std_ + self.mean_


def synthetic_load(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return 900 + 180 * np.sin(2 * np.pi * t / 48) + 60 * np.sin(2 * np.pi * t / 336) + 15 * rng.standard_normal(n)


def make_supervised(series, history):
    x = np.lib.stride_tricks.sliding_window_view(series, history)[:-1]
    y = series[history:]
    return torch.tensor(x.copy(), dtype=torch.float32), torch.tensor(y, dtype=torch.float32).unsqueeze(1)


def main():
    torch.manual_seed(CFG["seed"])
    load = synthetic_load()
    cut = int(0.8 * len(load))
    scaler = StandardScaler().fit(load[:cut])
    z = scaler.transform(load)
    x_tr, y_tr = make_supervised(z[:cut], CFG["history"])
    x_te, y_te = make_supervised(z[cut:], CFG["history"])

    net = nn.Sequential(nn.Linear(CFG["history"], 64), nn.ReLU(), nn.Linear(64, 1))
    opt = torch.optim.Adam(net.parameters(), lr=CFG["lr"])
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=CFG["batch_size"], shuffle=True)
    for epoch in range(CFG["epochs"]):
        net.train()
        running = 0.0
        for xb, yb in loader:
            loss = nn.functional.mse_loss(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(xb)
        print(f"epoch {epoch + 1} mse {running / len(x_tr):.4f}")

    net.eval()
    with torch.no_grad():
        forecast = scaler.inverse_transform(net(x_te))
    actual = scaler.inverse_transform(y_te)
    rmse = ((forecast - actual) ** 2).mean().sqrt().item()
    print(f"test RMSE {rmse:.2f} MW")


if __name__ == "__main__":
    main()
