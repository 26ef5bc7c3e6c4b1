# Build everything from a config dict through small registries.
from typing import Callable

import torch
import torch.nn as nn


class Registry:
    def __init__(self, kind: str):
        self.kind = kind
        self._items: dict[str, Callable] = {}

    def register(self, name: str):
        def wrap(obj):
            if name in self._items:
                raise KeyError(f"{self.kind} {name!r} is already registered")
            self._items[name] = obj
            return obj

        return wrap

    def build(self, cfg: dict, *args):
        cfg = dict(cfg)
        name = cfg.pop("type")
        return self._items[name](*args, **cfg)


MODELS, LOSSES, OPTIMIZERS = Registry("model"), Registry("loss"), Registry("optimizer")


@MODELS.register("mlp")
class MLP(nn.Module):
    def __init__(self, in_dim, out_dim, width=32, depth=2):
        super().__init__()
        dims = [in_dim] + [width] * depth
        hidden = [m for a, b in zip(dims, dims[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
        self.net = nn.Sequential(*hidden, nn.Linear(dims[-1], out_dim))

    def forward(self, x):
        return self.net(x)


@MODELS.register("linear")
def linear(in_dim, out_dim):
    return nn.Linear(in_dim, out_dim)


@LOSSES.register("smoothed_ce")
def smoothed_ce(eps=0.1):
    return nn.CrossEntropyLoss(label_smoothing=eps)


OPTIMIZERS.register("adam")(torch.optim.Adam)
OPTIMIZERS.register("sgd")(torch.optim.SGD)

EXPERIMENTS = [
    {
        "model": {"type": "linear", "in_dim": 2, "out_dim": 2},
        "loss": {"type": "smoothed_ce", "eps": 0.05},
        "optimizer": {"type": "sgd", "lr": 0.1, "momentum": 0.9},
    },
    {
        "model": {"type": "mlp", "in_dim": 2, "out_dim": 2, "width": 24},
        "loss": {"type": "smoothed_ce", "eps": 0.05},
        "optimizer": {"type": "adam", "lr": 1e-2},
    },
]


def circles(n, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    angle = 2 * torch.pi * torch.rand(n, generator=gen)
    radius = 0.7 + 0.8 * y + 0.15 * torch.randn(n, generator=gen)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), y


def run(cfg):
    torch.manual_seed(10)
    gen = torch.Generator().manual_seed(20)
    (x, y), (xt, yt) = circles(600, gen), circles(300, gen)
    model = MODELS.build(cfg["model"])
    criterion = LOSSES.build(cfg["loss"])
    optimizer = OPTIMIZERS.build(cfg["optimizer"], model.parameters())
    for _ in range(15):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            optimizer.zero_grad()
            criterion(model(x[idx]), y[idx]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return (model(xt).argmax(1) == yt).float().mean().item()


for cfg in EXPERIMENTS:
    print(cfg["model"]["type"], f"test accuracy {run(cfg):.3f}")
