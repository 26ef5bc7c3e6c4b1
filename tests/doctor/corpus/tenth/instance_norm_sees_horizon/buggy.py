import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class PriceWindows(Dataset):
    """Lookback/horizon samples from a price series, every sample on its own scale."""

    def __init__(self, prices, lookback, horizon):
        self.p = np.asarray(prices, dtype=np.float32)
        self.lookback = lookback
        self.horizon = horizon

    def __len__(self):
        return len(self.p) - self.lookback - self.horizon + 1

    def __getitem__(self, i):
        w = self.p[i:i + self.lookback + self.horizon]
        m, s = w.mean(), w.std() + 1e-5
        w = (w - m) / s
        past, future = w[:self.lookback], w[self.lookback:]
        return torch.from_numpy(past), torch.from_numpy(future), torch.tensor([m, s])


class Forecaster(nn.Module):
    def __init__(self, lookback, horizon, width=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(lookback, width), nn.GELU(), nn.Linear(width, horizon))

    def forward(self, past):
        return past[:, -1:] + self.body(past)


def run_epoch(model, loader, opt):
    model.train()
    for past, future, _ in loader:
        opt.zero_grad(set_to_none=True)
        nn.functional.smooth_l1_loss(model(past), future).backward()
        opt.step()


@torch.no_grad()
def price_mae(model, loader):
    model.eval()
    err, n = 0.0, 0
    for past, future, ms in loader:
        m, s = ms[:, :1], ms[:, 1:]
        err += ((model(past) - future) * s).abs().sum().item()
        n += future.numel()
    return err / n


if __name__ == "__main__":
    torch.manual_seed(4)
    walk = np.random.default_rng(4).normal(0.0, 1.0, 1500).cumsum() + 200
    train = DataLoader(PriceWindows(walk[:1100], 32, 8), batch_size=64, shuffle=True)
    test = DataLoader(PriceWindows(walk[1100:], 32, 8), batch_size=128)
    model = Forecaster(32, 8)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(10):
        run_epoch(model, train, opt)
    print("test MAE in price units: %.3f" % price_mae(model, test))
