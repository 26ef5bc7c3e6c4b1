import numpy as np
import torch
from torch import nn


class WarmupTrainer:
    """SGD with a linear warm-up over the first `warmup` updates."""

    def __init__(self, model, base_lr=0.1, warmup=50):
        self.model = model
        self.base_lr = base_lr
        self.warmup = warmup
        self.optimizer = torch.optim.SGD(model.parameters(), lr=base_lr, momentum=0.9)
        self.criterion = nn.CrossEntropyLoss()
        self.updates = 0

    def adjust_lr(self):
        if self.updates < self.warmup:
            scale = (self.updates + 1) / self.warmup
            for group in self.optimizer.param_groups:
                group["lr"] = self.base_lr * scale
        self.updates += 1

    def train_epoch(self, x, y, batch_size, rng):
        self.model.train()
        losses = []
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            sel = torch.from_numpy(order[start:start + batch_size])
            self.adjust_lr()
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x[sel]), y[sel])
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    def score(self, x, y):
        self.model.eval()
        with torch.no_grad():
            return (self.model(x).argmax(1) == y).float().mean().item()


rng = np.random.default_rng(12)
torch.manual_seed(12)
centers = rng.normal(0, 2.0, size=(5, 8))
labels = rng.integers(0, 5, size=1000)
points = centers[labels] + rng.normal(0, 1.2, size=(1000, 8))
x = torch.tensor(points, dtype=torch.float32)
y = torch.tensor(labels)

net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 5))
trainer = WarmupTrainer(net)
for epoch in range(10):
    mean_loss = trainer.train_epoch(x[:800], y[:800], batch_size=40, rng=rng)
    print(epoch, "loss", round(mean_loss, 4), "held-out", round(trainer.score(x[800:], y[800:]), 3))
