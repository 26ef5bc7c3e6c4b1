import math
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CKPT = "last.pt"
TOTAL_EPOCHS = 12


def warmup_cosine(epoch):
    if epoch < 3:
        return (epoch + 1) / 3
    return 0.5 * (1 + math.cos(math.pi * (epoch - 3) / (TOTAL_EPOCHS - 3)))


class Trainer:
    def __init__(self, loader):
        self.loader = loader
        self.model = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 1))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-2)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, warmup_cosine)
        self.epoch = 0

    def save(self):
        torch.save(
            {
                "epoch": self.epoch,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
            },
            CKPT,
        )

    def load(self):
        ckpt = torch.load(CKPT, weights_only=True)
        self.epoch = ckpt["epoch"]
        self.model.load_state_dict(ckpt["model"])
        self.optimizer.load_state_dict(ckpt["optimizer"])

    def fit(self, until):
        while self.epoch < until:
            lr = self.optimizer.param_groups[0]["lr"]
            total = 0.0
            for xb, yb in self.loader:
                self.optimizer.zero_grad()
                loss = nn.functional.mse_loss(self.model(xb), yb)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(xb)
            self.scheduler.step()
            self.epoch += 1
            print(f"epoch {self.epoch:2d}  lr {lr:.5f}  mse {total / len(self.loader.dataset):.4f}")
            self.save()


torch.manual_seed(11)
x = torch.randn(320, 5)
y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2]
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)

Trainer(loader).fit(until=6)  # the job is preempted here

second = Trainer(loader)
if os.path.exists(CKPT):
    second.load()
second.fit(until=TOTAL_EPOCHS)
os.remove(CKPT)
