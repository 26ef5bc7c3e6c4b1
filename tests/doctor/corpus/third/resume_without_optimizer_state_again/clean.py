"""Train, get interrupted, resume: the resumed run continues the first one."""
import io

import torch
import torch.nn as nn


def dataset(n=600):
    g = torch.Generator().manual_seed(77)
    x = torch.randn(n, 12, generator=g)
    w = torch.randn(12, 5, generator=g)
    return x, (torch.sin(x) @ w + 0.3 * torch.randn(n, 5, generator=g)).argmax(1)


class Run:
    TOTAL_EPOCHS = 12

    def __init__(self):
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 5))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-2)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=self.TOTAL_EPOCHS)
        self.criterion = nn.CrossEntropyLoss()
        self.epoch = 0

    # ------------------------------------------------------------------ io
    def save(self, target):
        torch.save({
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "epoch": self.epoch,
        }, target)

    @classmethod
    def resume(cls, source):
        run = cls()
        ckpt = torch.load(source, map_location="cpu", weights_only=True)
        run.model.load_state_dict(ckpt["model"])
        run.optimizer.load_state_dict(ckpt["optimizer"])
        run.scheduler.load_state_dict(ckpt["scheduler"])
        run.epoch = ckpt["epoch"]
        return run

    # --------------------------------------------------------------- train
    def one_epoch(self, x, y):
        order = torch.Generator().manual_seed(1000 + self.epoch)  # depends on the epoch only
        self.model.train()
        total = 0.0
        for idx in torch.randperm(len(x), generator=order).split(50):
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x[idx]), y[idx])
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(idx)
        self.scheduler.step()
        self.epoch += 1
        return total / len(x)

    def train(self, x, y, until):
        while self.epoch < until:
            lr = self.scheduler.get_last_lr()[0]
            loss = self.one_epoch(x, y)
            print(f"epoch {self.epoch:2d}  lr {lr:.5f}  loss {loss:.5f}")


if __name__ == "__main__":
    x, y = dataset()
    first = Run()
    first.train(x, y, until=5)
    disk = io.BytesIO()
    first.save(disk)
    del first

    disk.seek(0)
    second = Run.resume(disk)
    second.train(x, y, until=Run.TOTAL_EPOCHS)
