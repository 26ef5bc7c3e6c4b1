"""The layout of a well-known project template, folded into one file."""
import logging
import sys
from abc import ABC, abstractmethod

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
CONFIG = {
    "arch": {"type": "Net", "args": {"hidden": 48}},
    "loader": {"batch_size": 64, "validation_split": 0.2},
    "optimizer": {"type": "Adam", "args": {"lr": 5e-3, "weight_decay": 0.0, "amsgrad": True}},
    "lr_scheduler": {"type": "StepLR", "args": {"step_size": 4, "gamma": 0.3}},
    "loss": "nll_loss",
    "trainer": {"epochs": 8, "monitor": "min val_loss"},
}


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(2, hidden), nn.Linear(hidden, 3)

    def forward(self, x):
        x = F.dropout(torch.tanh(self.fc1(x)), p=0.1, training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)       # goes with nll_loss


class BaseDataLoader(DataLoader):
    def __init__(self, dataset, batch_size, validation_split, seed=0):
        idx = np.random.RandomState(seed).permutation(len(dataset))
        n_val = int(len(dataset) * validation_split)
        self._valid = SubsetRandomSampler(idx[:n_val].tolist())
        self.n_samples = len(dataset) - n_val
        super().__init__(dataset, batch_size, sampler=SubsetRandomSampler(idx[n_val:].tolist()))

    def split_validation(self):
        return DataLoader(self.dataset, self.batch_size, sampler=self._valid)


class BaseTrainer(ABC):
    def __init__(self, model, criterion, optimizer, cfg):
        self.model, self.criterion, self.optimizer, self.epochs = model, criterion, optimizer, cfg["epochs"]
        self.mode, self.metric = cfg["monitor"].split()
        self.best = np.inf if self.mode == "min" else -np.inf
        self.log = logging.getLogger("trainer")

    @abstractmethod
    def _train_epoch(self, epoch): ...

    def train(self):
        for epoch in range(1, self.epochs + 1):
            res = self._train_epoch(epoch)
            self.log.info("%d %s", epoch, {k: round(v, 4) for k, v in res.items()})
            value = res[self.metric]
            if (value < self.best) if self.mode == "min" else (value > self.best):
                self.best, self.kept = value, {k: v.cpu().clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(self.kept)


class Trainer(BaseTrainer):
    def __init__(self, *a, loader, valid, scheduler):
        super().__init__(*a)
        self.loader, self.valid, self.scheduler = loader, valid, scheduler

    def _train_epoch(self, epoch):
        self.model.train()
        total = 0.0
        for data, target in self.loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(data), target)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(target)
        out = {"loss": total / self.loader.n_samples, **{"val_" + k: v for k, v in self._valid_epoch().items()}}
        self.scheduler.step()
        return out

    def _valid_epoch(self):
        self.model.eval()
        s, c, n = 0.0, 0, 0
        with torch.no_grad():
            for data, target in self.valid:
                o = self.model(data)
                s += self.criterion(o, target, reduction="sum").item()
                c += (o.argmax(1) == target).sum().item()
                n += len(target)
        return {"loss": s / n, "accuracy": c / n}


def main(cfg):
    torch.manual_seed(0)
    y = torch.randint(3, (1500,))
    r, a = torch.rand(1500), torch.randn(1500) * 0.25
    a = a + 4 * r + y * 2.0944
    loader = BaseDataLoader(TensorDataset(torch.stack([r * a.sin(), r * a.cos()], 1) * 3, y), **cfg["loader"])
    model = globals()[cfg["arch"]["type"]](**cfg["arch"]["args"])
    opt = getattr(torch.optim, cfg["optimizer"]["type"])(model.parameters(), **cfg["optimizer"]["args"])
    sched = getattr(torch.optim.lr_scheduler, cfg["lr_scheduler"]["type"])(opt, **cfg["lr_scheduler"]["args"])
    Trainer(model, getattr(F, cfg["loss"]), opt, cfg["trainer"], loader=loader, valid=loader.split_validation(), scheduler=sched).train()


if __name__ == "__main__":
    main(CONFIG)
