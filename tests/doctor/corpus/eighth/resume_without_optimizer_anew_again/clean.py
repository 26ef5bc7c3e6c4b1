import io

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR


class Session:
    def __init__(self, seed):
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(12, 48), nn.GELU(), nn.Linear(48, 1))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01)
        self.scheduler = StepLR(self.optimizer, step_size=4, gamma=0.5)
        self.epoch = 0

    def save(self, f):
        torch.save({
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "rng": torch.get_rng_state(),
        }, f)

    def load(self, f):
        ckpt = torch.load(f, weights_only=True)
        self.epoch = ckpt["epoch"]
        self.model.load_state_dict(ckpt["model"])
        self.optimizer.load_state_dict(ckpt["optimizer"])
        self.scheduler.load_state_dict(ckpt["scheduler"])
        torch.set_rng_state(ckpt["rng"])

    def train(self, until, x, y, batch=32):
        self.model.train()
        while self.epoch < until:
            total = 0.0
            for idx in torch.randperm(len(x)).split(batch):
                self.optimizer.zero_grad()
                loss = nn.functional.mse_loss(self.model(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(idx)
            self.scheduler.step()
            self.epoch += 1
            print(f"epoch {self.epoch:2d}  loss {total / len(x):.5f}")


gen = torch.Generator().manual_seed(0)
x = torch.randn(256, 12, generator=gen)
y = torch.tanh(x[:, :1]) + x[:, 1:2] * x[:, 2:3]

first = Session(seed=1)
first.train(5, x, y)
disk = io.BytesIO()
first.save(disk)
del first

disk.seek(0)
second = Session(seed=2)
second.load(disk)
second.train(10, x, y)
