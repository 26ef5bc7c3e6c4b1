import copy
import logging
from typing import Iterable

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

log = logging.getLogger("finetune")
logging.basicConfig(level=logging.INFO, format="%(message)s")


class Encoder(nn.Module):
    def __init__(self, d_in: int = 20, width: int = 32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.Linear(width, 16), nn.ReLU())

    def forward(self, x):
        return self.net(x)


def trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def one_epoch(model: nn.Module, loader: Iterable, opt: torch.optim.Optimizer, loss_fn: nn.Module) -> float:
    model.train()
    total, n = 0.0, 0
    for x, y in loader:
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
        n += len(y)
    return total / n


def pretrain(x: torch.Tensor) -> Encoder:
    enc = Encoder()
    auto = nn.Sequential(enc, nn.Linear(16, x.shape[1]))
    opt = torch.optim.Adam(auto.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(x, x), batch_size=64, shuffle=True)
    for _ in range(4):
        one_epoch(auto, loader, opt, nn.MSELoss())
    return enc


def finetune(enc: Encoder, loader: DataLoader, epochs: int = 14, thaw_at: int = 3) -> nn.Module:
    backbone = copy.deepcopy(enc)
    for p in backbone.parameters():
        p.requires_grad = False
    model = nn.Sequential(backbone, nn.Linear(16, 2))
    opt = torch.optim.Adam(trainable(model), lr=5e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        if epoch == thaw_at:
            for p in backbone.parameters():
                p.requires_grad = True
            opt.add_param_group({"params": list(backbone.parameters()), "lr": 2e-3})
        log.info("epoch %d loss %.4f", epoch, one_epoch(model, loader, opt, loss_fn))
    return model


def main() -> None:
    torch.manual_seed(6)
    x = torch.randn(1200, 20)
    y = ((x[:, 0] * x[:, 1] + x[:, 2]) > 0).long()
    enc = pretrain(x[:900])
    model = finetune(enc, DataLoader(TensorDataset(x[:900], y[:900]), batch_size=50, shuffle=True))
    model.eval()
    with torch.no_grad():
        acc = (model(x[900:]).argmax(1) == y[900:]).float().mean().item()
    log.info("held-out accuracy %.3f", acc)


if __name__ == "__main__":
    main()
