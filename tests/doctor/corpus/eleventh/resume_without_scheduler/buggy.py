import math
import os
import tempfile

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR

EPOCHS, WARMUP, BATCH = 12, 20, 32


class Trainer:
    def __init__(self, workdir, data):
        self.path = os.path.join(workdir, "last.pt")
        self.x, self.y = data
        self.model = nn.Sequential(nn.Linear(6, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 2))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=4e-3, weight_decay=1e-4)
        total = EPOCHS * math.ceil(len(self.x) / BATCH)
        self.lr_scheduler = LambdaLR(self.optimizer, lambda s: self.schedule(s, total))
        self.epoch = 0
        if os.path.exists(self.path):
            self.load_checkpoint()

    @staticmethod
    def schedule(step, total):
        if step < WARMUP:
            return (step + 1) / WARMUP
        return 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (total - WARMUP)))

    def parts(self):
        return {"model": self.model, "optimizer": self.optimizer}

    def save_checkpoint(self):
        state = {name: part.state_dict() for name, part in self.parts().items()}
        state["epoch"] = self.epoch
        torch.save(state, self.path)

    def load_checkpoint(self):
        state = torch.load(self.path)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.epoch = state["epoch"]
        print(f"resumed at epoch {self.epoch}")

    def train(self, until):
        loss_fn = nn.MSELoss()
        while self.epoch < until:
            self.model.train()
            for idx in torch.randperm(len(self.x)).split(BATCH):
                self.optimizer.zero_grad()
                loss = loss_fn(self.model(self.x[idx]), self.y[idx])
                loss.backward()
                self.optimizer.step()
                self.lr_scheduler.step()
            self.epoch += 1
            self.save_checkpoint()
            print(f"epoch {self.epoch:2d}  loss {loss.item():.5f}  lr {self.lr_scheduler.get_last_lr()[0]:.2e}")


if __name__ == "__main__":
    torch.manual_seed(31)
    x = torch.rand(512, 6) * 2 - 1
    data = x, torch.stack([torch.sin(3 * x[:, 0]) * x[:, 1], x[:, 2] ** 2 - x[:, 3] * x[:, 4]], 1)
    with tempfile.TemporaryDirectory() as workdir:
        Trainer(workdir, data).train(until=8)       # first job, ends at the time limit
        Trainer(workdir, data).train(until=EPOCHS)  # second job
