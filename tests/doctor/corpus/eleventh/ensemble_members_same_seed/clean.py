from typing import List

import torch
from torch import Tensor, nn


class EnsembleRegressor:
    def __init__(self, n_members: int = 5, epochs: int = 40, lr: float = 1e-2, seed: int = 0) -> None:
        self.n_members = n_members
        self.epochs = epochs
        self.lr = lr
        self.seed = seed
        self.members: List[nn.Module] = []

    def _fit_member(self, x: Tensor, y: Tensor, member: int) -> nn.Module:
        torch.manual_seed(self.seed + member)
        net = nn.Sequential(nn.Linear(x.shape[1], 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 1))
        opt = torch.optim.Adam(net.parameters(), lr=self.lr)
        for _ in range(self.epochs):
            for idx in torch.randperm(len(x)).split(32):
                opt.zero_grad()
                loss = (net(x[idx]) - y[idx]).pow(2).mean()
                loss.backward()
                opt.step()
        return net.eval()

    def fit(self, x: Tensor, y: Tensor) -> "EnsembleRegressor":
        self.members = [self._fit_member(x, y, m) for m in range(self.n_members)]
        return self

    @torch.no_grad()
    def predict(self, x: Tensor):
        out = torch.stack([net(x) for net in self.members])
        return out.mean(0), out.std(0)


if __name__ == "__main__":
    gen = torch.Generator().manual_seed(77)
    x = 4 * torch.rand(192, 1, generator=gen) - 2
    y = x ** 3 - x + 0.3 * torch.randn(192, 1, generator=gen)
    x_test = 4 * torch.rand(64, 1, generator=gen) - 2
    y_test = x_test ** 3 - x_test

    ensemble = EnsembleRegressor().fit(x, y)
    mean, _ = ensemble.predict(x_test)
    print("test rmse %.3f" % (mean - y_test).pow(2).mean().sqrt().item())
    for point in (0.0, 2.0, 4.0):
        m, s = ensemble.predict(torch.tensor([[point]]))
        print(f"x={point:.1f}  mean {m.item():+.3f}  std {s.item():.4f}")
