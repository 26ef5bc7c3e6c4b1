import math
import os
import tempfile

import torch
import torch.nn as nn

TOTAL_EPOCHS = 20
WARMUP = 4


def lr_factor(epoch):
    if epoch < WARMUP:
        return (epoch + 1) / WARMUP
    t = (epoch - WARMUP) / (TOTAL_EPOCHS - WARMUP)
    return 0.5 * (1 + math.cos(math.pi * t))


class Trainer:
    def __init__(self, workdir):
        self.path = os.path.join(workdir, "last.pt")
        self.model = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 1))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=5e-3)
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lr_factor)
        self.starting_epoch = 0

    def save_model(self, epoch):
        torch.save(
            {
                "epoch": epoch,
                "model_state_dict": self.model.state_dict(),
                "optimizer_state_dict": self.optimizer.state_dict(),
                "lr_scheduler_state_dict": self.lr_scheduler.state_dict(),
            },
            self.path,
        )

    def load_checkpoint(self):
        ckpt = torch.load(self.path)
        self.model.load_state_dict(ckpt["model_state_dict"])
        self.optimizer.load_state_dict(ckpt["optimizer_state_dict"])
        self.starting_epoch = ckpt["epoch"] + 1
        self.lr_scheduler.load_state_dict(ckpt["lr_scheduler_state_dict"])

    def train(self, x, y, until):
        for epoch in range(self.starting_epoch, until):
            self.model.train()
            for idx in torch.randperm(len(x)).split(50):
                loss = nn.functional.mse_loss(self.model(x[idx]), y[idx])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            self.lr_scheduler.step()
            self.save_model(epoch)
            print(f"epoch {epoch:2d} loss {loss.item():.4f} next lr {self.optimizer.param_groups[0]['lr']:.5f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(500, 8)
    y = x[:, :1] ** 2 - x[:, 1:2] + 0.1 * torch.randn(500, 1)
    with tempfile.TemporaryDirectory() as workdir:
        Trainer(workdir).train(x, y, until=12)  # first job, hits the time limit
        second = Trainer(workdir)
        second.load_checkpoint()
        second.train(x, y, until=TOTAL_EPOCHS)
