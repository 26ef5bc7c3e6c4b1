"""Config-driven classification: everything is looked up by name in registries."""
import functools
import random

import numpy as np
import torch
import torch.nn as nn
import yaml
from sklearn.datasets import make_classification
from torch.utils.data import DataLoader, TensorDataset, random_split

CONFIG = yaml.safe_load("""
seed: 11
data: {n: 1400, features: 16, classes: 4, val: 0.2, test: 0.2, batch_size: 50}
model: {name: resmlp, width: 48, depth: 3, dropout: 0.1}
loss: {name: focal, gamma: 1.5}
optim: {name: sgd, lr: 0.08, momentum: 0.9, nesterov: true, weight_decay: 1.0e-4}
sched: {name: warmup_cosine, interval: step, warmup: 30}
epochs: 10
""")

REGISTRY = {"model": {}, "loss": {}, "optim": {}, "sched": {}}


def register(kind, name):
    def deco(obj):
        REGISTRY[kind][name] = obj
        return obj
    return deco


def build(kind, spec, *args, **extra):
    spec = dict(spec)
    return REGISTRY[kind][spec.pop("name")](*args, **spec, **extra)


class Block(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.f = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(),
                               nn.Dropout(dropout), nn.Linear(width, width))
        nn.init.zeros_(self.f[-1].weight)      # each block starts as the identity
        nn.init.zeros_(self.f[-1].bias)

    def forward(self, x):
        return x + self.f(x)


@register("model", "resmlp")
def resmlp(width, depth, dropout, n_in, n_out):
    layers = [nn.Linear(n_in, width)]
    layers += [Block(width, dropout) for _ in range(depth)]
    layers += [nn.LayerNorm(width), nn.Linear(width, n_out)]
    return nn.Sequential(*layers)


@register("loss", "focal")
class FocalLoss(nn.Module):
    """(1 - p_y)^gamma * -log p_y, on raw scores."""

    def __init__(self, gamma):
        super().__init__()
        self.gamma = gamma

    def forward(self, scores, target):
        nll = nn.functional.cross_entropy(scores, target, reduction="none")
        return ((1 - torch.exp(-nll)) ** self.gamma * nll).mean()


REGISTRY["loss"]["ce"] = nn.CrossEntropyLoss
REGISTRY["optim"].update(sgd=torch.optim.SGD, adamw=torch.optim.AdamW)


@register("sched", "warmup_cosine")
def warmup_cosine(optimizer, warmup, total):
    up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.05, 1.0, total_iters=warmup)
    down = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], milestones=[warmup])


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    return torch.manual_seed(seed)


def get_data(n, features, classes, val, test, batch_size, generator):
    x, y = make_classification(n, features, n_informative=8, n_classes=classes, class_sep=1.6, random_state=0)
    full = TensorDataset(torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y))
    tr, va, te = random_split(full, [1 - val - test, val, test], generator=generator)
    dl = functools.partial(DataLoader, batch_size=batch_size)
    return dl(tr, shuffle=True, generator=generator), dl(va), dl(te)


@torch.inference_mode()
def accuracy(model, loader):
    was_training = model.training
    model.eval()
    right = sum((model(x).argmax(-1) == y).sum().item() for x, y in loader)
    model.train(was_training)
    return right / len(loader.dataset)


def main(cfg):
    seed_all(cfg["seed"])
    train, val, test = get_data(**cfg["data"], generator=torch.Generator().manual_seed(cfg["seed"]))
    model = build("model", cfg["model"], n_in=cfg["data"]["features"], n_out=cfg["data"]["classes"])
    criterion = build("loss", cfg["loss"])
    optimizer = build("optim", cfg["optim"], model.parameters())
    interval = cfg["sched"].pop("interval")
    total = cfg["epochs"] * (len(train) if interval == "step" else 1)
    scheduler = build("sched", cfg["sched"], optimizer, total=total)
    for epoch in range(cfg["epochs"]):
        for x, y in train:                       # accuracy() puts the mode back as it found it
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if interval == "step":
                scheduler.step()
        if interval == "epoch":
            scheduler.step()
        print(epoch, f"val {accuracy(model, val):.3f} lr {scheduler.get_last_lr()[0]:.4f}")
    print("test", accuracy(model, test))


if __name__ == "__main__":
    main(CONFIG)
