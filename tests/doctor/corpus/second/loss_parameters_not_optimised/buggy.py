from __future__ import annotations

import torch
from torch import Tensor, nn


class UncertaintyLoss(nn.Module):
    """Homoscedastic weighting of several regression tasks."""

    def __init__(self, tasks: list[str]) -> None:
        super().__init__()
        self.log_var = nn.ParameterDict({t: nn.Parameter(torch.zeros(())) for t in tasks})

    def forward(self, out: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
        total = torch.zeros(())
        for task, log_var in self.log_var.items():
            mse = nn.functional.mse_loss(out[task], target[task])
            total = total + 0.5 * (torch.exp(-log_var) * mse + log_var)
        return total


class Net(nn.Module):
    def __init__(self, n_in: int, tasks: list[str]) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, 24), nn.Tanh())
        self.out = nn.ModuleDict({t: nn.Linear(24, 1) for t in tasks})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        h = self.body(x)
        return {t: m(h) for t, m in self.out.items()}


def sample(n: int) -> tuple[Tensor, dict[str, Tensor]]:
    x = torch.randn(n, 8)
    far = x[:, :4].sum(1, keepdim=True) + 8.0 * torch.randn(n, 1)
    near = 0.1 * torch.sin(2 * x[:, 4:5]) + 0.01 * torch.randn(n, 1)
    return x, {"far": far, "near": near}


def main() -> None:
    torch.manual_seed(38)
    tasks = ["far", "near"]
    x, target = sample(600)
    xv, tv = sample(400)
    net, criterion = Net(8, tasks), UncertaintyLoss(tasks)
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(40):
        net.train()
        for idx in torch.randperm(600).split(50):
            opt.zero_grad()
            criterion(net(x[idx]), {t: v[idx] for t, v in target.items()}).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        out = net(xv)
        for t in tasks:
            print(t, "relative error", (nn.functional.mse_loss(out[t], tv[t]) / tv[t].var()).item())


main()
