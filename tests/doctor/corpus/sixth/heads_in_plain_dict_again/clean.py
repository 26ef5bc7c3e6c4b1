from typing import Dict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiTaskNet(nn.Module):
    """One body, one linear output per task (width of the output by task name)."""

    def __init__(self, n_in: int, tasks: Dict[str, int], width: int = 48) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, width), nn.LayerNorm(width), nn.GELU(),
            nn.Linear(width, width), nn.GELU(),
        )
        self.heads = nn.ModuleDict({t: nn.Linear(width, k) for t, k in tasks.items()})

    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        h = self.body(x)
        return {t: head(h) for t, head in self.heads.items()}


def patients(n: int, seed: int) -> Dict[str, torch.Tensor]:
    g = np.random.default_rng(seed)
    x = g.normal(size=(n, 12)).astype(np.float32)
    stay = 4 + 1.5 * x[:, 0] - x[:, 1] * x[:, 2] + g.normal(0, 0.2, n)
    risk = (x[:, 3] + x[:, 4] ** 2 > 0.8).astype(np.float32)
    ward = x[:, 5:9].argmax(1)
    return {
        "x": torch.from_numpy(x),
        "stay": torch.from_numpy(stay.astype(np.float32)),
        "risk": torch.from_numpy(risk),
        "ward": torch.from_numpy(ward),
    }


def total_loss(out: Dict[str, torch.Tensor], batch: Dict[str, torch.Tensor]) -> torch.Tensor:
    return (
        F.mse_loss(out["stay"].squeeze(1), batch["stay"])
        + F.binary_cross_entropy_with_logits(out["risk"].squeeze(1), batch["risk"])
        + F.cross_entropy(out["ward"], batch["ward"])
    )


def take(data: Dict[str, torch.Tensor], idx: torch.Tensor) -> Dict[str, torch.Tensor]:
    return {k: v[idx] for k, v in data.items()}


def report(net: nn.Module, data: Dict[str, torch.Tensor]) -> str:
    net.eval()
    with torch.no_grad():
        out = net(data["x"])
    rmse = (out["stay"].squeeze(1) - data["stay"]).pow(2).mean().sqrt().item()
    risk = ((out["risk"].squeeze(1) > 0).float() == data["risk"]).float().mean().item()
    ward = (out["ward"].argmax(1) == data["ward"]).float().mean().item()
    return f"stay rmse {rmse:.3f}, risk acc {risk:.3f}, ward acc {ward:.3f}"


if __name__ == "__main__":
    torch.manual_seed(0)
    train, test = patients(1200, 0), patients(300, 1)
    net = MultiTaskNet(12, {"stay": 1, "risk": 1, "ward": 4})
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for epoch in range(10):
        net.train()
        for idx in torch.randperm(1200).split(60):
            batch = take(train, idx)
            loss = total_loss(net(batch["x"]), batch)
            opt.zero_grad()
            loss.backward()
            opt.step()
    print(report(net, test))
