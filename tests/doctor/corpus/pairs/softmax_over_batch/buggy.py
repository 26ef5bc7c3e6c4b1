from __future__ import annotations

import torch
from torch import Tensor, nn


class GatedMixture(nn.Module):
    """Three linear experts, mixed by a gate."""

    def __init__(self, d: int, experts: int = 3) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(d, 1) for _ in range(experts)])
        self.gate = nn.Linear(d, experts)

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.softmax(self.gate(x), dim=0)
        outs = torch.cat([e(x) for e in self.experts], dim=1)
        return (weights * outs).sum(dim=1)


def main() -> None:
    torch.manual_seed(90)
    x = torch.randn(600, 4)
    y = torch.where(x[:, 0] > 0, 2 * x[:, 1], -x[:, 2])
    model = GatedMixture(4)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(8):
        model.train()
        for idx in torch.randperm(480).split(60):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(model(x[480:]), y[480:])
        print(f"epoch {epoch}: val {val.item():.4f}")


main()
