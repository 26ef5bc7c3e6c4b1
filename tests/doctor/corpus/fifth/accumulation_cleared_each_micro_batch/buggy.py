from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Config:
    micro_batch: int = 8
    accumulate: int = 6
    epochs: int = 8
    lr: float = 0.2
    seed: int = 5


def make_data(n: int, gen: torch.Generator) -> TensorDataset:
    x = torch.randn(n, 12, generator=gen)
    y = (x[:, :4].sum(1) > 0).long() + (x[:, 4:8].sum(1) > 0).long()
    return TensorDataset(x, y)


def micro_step(model: nn.Module, opt: torch.optim.Optimizer, x: Tensor, y: Tensor, parts: int) -> float:
    opt.zero_grad(set_to_none=True)
    loss = F.cross_entropy(model(x), y)
    (loss / parts).backward()
    return loss.item()


def train(cfg: Config, model: nn.Module, loader: DataLoader) -> None:
    opt = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=0.9)
    assert len(loader) % cfg.accumulate == 0
    for epoch in range(cfg.epochs):
        model.train()
        total = 0.0
        for i, (x, y) in enumerate(loader, start=1):
            total += micro_step(model, opt, x, y, cfg.accumulate)
            if i % cfg.accumulate == 0:
                opt.step()
        print(f"epoch {epoch}: {total / len(loader):.4f}")


@torch.inference_mode()
def accuracy(model: nn.Module, data: TensorDataset) -> float:
    model.eval()
    x, y = data.tensors
    return (model(x).argmax(1) == y).float().mean().item()


def main() -> None:
    cfg = Config()
    torch.manual_seed(cfg.seed)
    gen = torch.Generator().manual_seed(cfg.seed)
    loader = DataLoader(make_data(480, gen), batch_size=cfg.micro_batch, shuffle=True, generator=gen)
    held_out = make_data(300, gen)
    model = nn.Sequential(nn.Linear(12, 40), nn.GELU(), nn.Linear(40, 3))
    train(cfg, model, loader)
    print(f"held-out accuracy {accuracy(model, held_out):.3f}")


main()
