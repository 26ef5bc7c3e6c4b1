"""Registries filled by decorators, a config of computed properties, NamedTuple batches, metric objects."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Callable, NamedTuple

import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, Dataset

MODELS: dict[str, Callable[..., nn.Module]] = {}
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {}
SCHEDULES: dict[str, Callable[["Config"], Callable[[int], float]]] = {}


def register(table, name):
    def deco(obj):
        assert name not in table
        table[name] = obj
        return obj
    return deco


class Batch(NamedTuple):
    x: Tensor
    y: Tensor

    def to(self, device) -> "Batch":
        return Batch(*(t.to(device, non_blocking=True) for t in self))


@dataclass(frozen=True)
class Config:
    model: str = "mlp"
    loss: str = "smooth_ce"
    schedule: str = "warm_cosine"
    n_train: int = 900
    batch_size: int = 64
    epochs: int = 8
    lr_per_256: float = 1.2e-2
    width: int = 48

    @property
    def lr(self) -> float:
        return self.lr_per_256 * self.batch_size / 256

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.n_train // self.batch_size)

    @property
    def total_steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    @cached_property
    def device(self) -> torch.device:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@register(MODELS, "mlp")
def mlp(width):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, 4))


@register(MODELS, "maxout")
class Maxout(nn.Module):
    def __init__(self, width, pieces=3):
        super().__init__()
        self.pieces = pieces
        self.a, self.b = nn.Linear(8, width * pieces), nn.Linear(width, 4)

    def forward(self, x):
        return self.b(self.a(x).unflatten(-1, (-1, self.pieces)).amax(-1))


@register(LOSSES, "smooth_ce")
def smooth_ce(logits, y, eps=0.1):
    logp = logits.log_softmax(-1)
    target = torch.full_like(logp, eps / logp.size(-1))
    target.scatter_add_(1, y[:, None], torch.full_like(y[:, None], 1 - eps, dtype=logp.dtype))
    return -(target * logp).sum(-1).mean()


@register(LOSSES, "focal")
def focal(logits, y, gamma=1.5):
    logp = logits.log_softmax(-1).gather(1, y[:, None]).squeeze(1)
    return (-(1 - logp.exp()).pow(gamma) * logp).mean()


@register(SCHEDULES, "warm_cosine")
def warm_cosine(cfg):
    warm = cfg.steps_per_epoch
    return lambda s: (s + 1) / warm if s < warm else 0.5 * (1 + torch.cos(torch.tensor(
        torch.pi * (s - warm) / (cfg.total_steps - warm))).item())


class Confusion:
    def __init__(self, k):
        self.table = torch.zeros(k, k, dtype=torch.long)

    def update(self, pred, y):
        k = len(self.table)
        self.table += torch.bincount((y * k + pred).cpu(), minlength=k * k).view(k, k)

    @property
    def accuracy(self):
        return (self.table.diag().sum() / self.table.sum()).item()

    @property
    def macro_f1(self):
        tp = self.table.diag().float()
        return (2 * tp / (self.table.sum(0) + self.table.sum(1)).clamp_min(1)).mean().item()


class Rows(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return Batch(self.x[i], self.y[i])        # default_collate keeps named tuples


def make(gen, n, centres):
    y = torch.multinomial(torch.tensor([0.4, 0.3, 0.2, 0.1]), n, True, generator=gen)
    return Rows(centres[y] + torch.randn(n, 8, generator=gen), y)


def evaluate(net, loader, cfg):
    net.eval()
    conf = Confusion(4)
    with torch.inference_mode():
        for batch in loader:
            b = batch.to(cfg.device)
            conf.update(net(b.x).argmax(-1), b.y)
    return conf


def run(cfg: Config, data):
    torch.manual_seed(0)
    train, val = (DataLoader(d, cfg.batch_size, shuffle=s) for d, s in zip(data[:2], (True, False)))
    assert len(train) == cfg.steps_per_epoch
    net = MODELS[cfg.model](cfg.width).to(cfg.device)
    loss_fn = LOSSES[cfg.loss]
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, SCHEDULES[cfg.schedule](cfg))
    for _ in range(cfg.epochs):
        net.train()
        for batch in train:
            x, y = batch.to(cfg.device)
            opt.zero_grad()
            loss_fn(net(x), y).backward()
            opt.step()
            sched.step()
    return net, evaluate(net, val, cfg).macro_f1


if __name__ == "__main__":
    gen = torch.Generator().manual_seed(14)
    centres = torch.randn(4, 8, generator=gen)
    data = [make(gen, n, centres) for n in (900, 300, 300)]
    base, found = Config(), []
    for cfg in (base, replace(base, loss="focal"), replace(base, model="maxout", width=24)):
        net, f1 = run(cfg, data)
        found.append((f1, net, cfg))
        print(f"{cfg.model:6s} {cfg.loss:9s} val macro f1 {f1:.3f}")
    _, net, cfg = max(found, key=lambda t: t[0])
    c = evaluate(net, DataLoader(data[2], 256), cfg)
    print(f"chosen {cfg.model}/{cfg.loss}: test acc {c.accuracy:.3f} macro f1 {c.macro_f1:.3f}")
