from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    rows: int = 900
    holdout: float = 0.2
    lr: float = 5e-3
    epochs: int = 25
    seed: int = 11


class MixDesign:
    """Cement, water, slag, age ... -> compressive strength."""

    def __init__(self, cfg: Config) -> None:
        g = torch.Generator().manual_seed(cfg.seed)
        raw = torch.distributions.LogNormal(0.0, 0.6).sample((cfg.rows, 6)) * 100
        self.strength = 4 * torch.log(raw[:, 0] / raw[:, 1]) + torch.log(raw[:, 5]) + 0.2 * torch.randn(cfg.rows, generator=g)
        order = torch.randperm(cfg.rows, generator=g)
        n_val = int(cfg.holdout * cfg.rows)
        self.val_rows, self.train_rows = order[:n_val], order[n_val:]
        self.low, self.high = self.limits(raw)
        self.features = self.rescale(raw)

    @staticmethod
    def limits(block: Tensor) -> tuple[Tensor, Tensor]:
        return block.amin(dim=0), block.amax(dim=0)

    def rescale(self, block: Tensor) -> Tensor:
        return (block - self.low) / (self.high - self.low)

    def subset(self, rows: Tensor) -> TensorDataset:
        return TensorDataset(self.features[rows], self.strength[rows].unsqueeze(1))


def fit(cfg: Config) -> float:
    torch.manual_seed(cfg.seed)
    data = MixDesign(cfg)
    train_dl = DataLoader(data.subset(data.train_rows), batch_size=32, shuffle=True)
    val_x, val_y = data.subset(data.val_rows).tensors
    net = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    mse = nn.MSELoss()
    for _ in range(cfg.epochs):
        net.train()
        for xb, yb in train_dl:
            opt.zero_grad()
            mse(net(xb), yb).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        return mse(net(val_x), val_y).sqrt().item()


if __name__ == "__main__":
    print(f"hold-out RMSE {fit(Config()):.3f}")
