"""Fit a small tabular classifier, store it, and score new rows with it."""
from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class NetConfig:
    n_features: int = 12
    hidden: int = 64
    n_classes: int = 3
    p_drop: float = 0.4


class TabNet(nn.Module):
    def __init__(self, cfg: NetConfig) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(cfg.n_features, cfg.hidden),
            nn.BatchNorm1d(cfg.hidden),
            nn.ReLU(),
            nn.Dropout(cfg.p_drop),
        )
        self.head = nn.Linear(cfg.hidden, cfg.n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def make_data(n: int, gen: torch.Generator) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, 12, generator=gen)
    scores = torch.stack([x[:, 0] + x[:, 1], x[:, 2] * x[:, 3], x[:, 4] - x[:, 5]], dim=1)
    return x, scores.argmax(dim=1)


def fit(cfg: NetConfig, x: Tensor, y: Tensor, path: Path) -> None:
    net = TabNet(cfg)
    optim = torch.optim.AdamW(net.parameters(), lr=3e-3)
    net.train()
    for _ in range(15):
        for rows in torch.randperm(len(x)).split(64):
            optim.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optim.step()
    torch.save({"config": asdict(cfg), "weights": net.state_dict()}, path)


class Predictor:
    def __init__(self, path: Path) -> None:
        blob = torch.load(path, map_location="cpu", weights_only=True)
        self.net = TabNet(NetConfig(**blob["config"]))
        self.net.load_state_dict(blob["weights"])

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Tensor:
        return torch.cat([self.net(part).softmax(dim=1) for part in x.split(16)])


def main() -> None:
    torch.manual_seed(7)
    gen = torch.Generator().manual_seed(8)
    x_train, y_train = make_data(1024, gen)
    x_new, y_new = make_data(400, gen)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tab.pt"
        fit(NetConfig(), x_train, y_train, path)
        predictor = Predictor(path)
    proba = predictor(x_new)
    hits = (proba.argmax(dim=1) == y_new).float().mean().item()
    print(f"accuracy on new rows: {hits:.3f}")


if __name__ == "__main__":
    main()
