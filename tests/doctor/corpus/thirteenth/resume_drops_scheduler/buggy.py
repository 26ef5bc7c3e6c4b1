"""Toy regression with checkpoint / resume."""
import math
import os

import torch
from torch import nn

CKPT = "last.pt"
TOTAL, WARMUP = 24, 4


def lr_factor(epoch):
    if epoch < WARMUP:
        return (epoch + 1) / WARMUP
    return 0.5 * (1 + math.cos(math.pi * (epoch - WARMUP) / (TOTAL - WARMUP)))


class Trainer:
    def __init__(self, x, y):
        torch.manual_seed(3)
        self.x, self.y = x, y
        self.model = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 1))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=5e-3)
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lr_factor)
        self.start_epoch = 0
        if os.path.exists(CKPT):
            self.load_checkpoint()

    def save_checkpoint(self, epoch):
        torch.save({
            "epoch": epoch,
            "model_state_dict": self.model.state_dict(),
            "optimizer_state_dict": self.optimizer.state_dict(),
            "scheduler_state_dict": self.lr_scheduler.state_dict(),
        }, CKPT)

    def load_checkpoint(self):
        ckpt = torch.load(CKPT, weights_only=True)
        self.model.load_state_dict(ckpt["model_state_dict"])
        self.optimizer.load_state_dict(ckpt["optimizer_state_dict"])
        self.start_epoch = ckpt["epoch"] + 1
        print("resumed at epoch", self.start_epoch)

    def train(self, until):
        self.model.train()
        for epoch in range(self.start_epoch, until):
            epoch_loss = 0.0
            order = torch.Generator().manual_seed(100 + epoch)
            for idx in torch.randperm(len(self.x), generator=order).split(50):
                self.optimizer.zero_grad()
                loss = nn.functional.mse_loss(self.model(self.x[idx]), self.y[idx])
                loss.backward()
                self.optimizer.step()
                epoch_loss += loss.item() * len(idx)
            print(f"epoch {epoch:2d} loss {epoch_loss / len(self.x):.4f}")
            self.lr_scheduler.step()
            self.save_checkpoint(epoch)


if __name__ == "__main__":
    g = torch.Generator().manual_seed(0)
    x = torch.randn(400, 5, generator=g)
    y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3]
    Trainer(x, y).train(until=14)   # first job, killed by the queue
    Trainer(x, y).train(until=TOTAL)
    os.remove(CKPT)
