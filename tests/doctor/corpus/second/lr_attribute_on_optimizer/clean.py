import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class CosineRate:
    def __init__(self, optimizer, peak, total):
        self.optimizer, self.peak, self.total = optimizer, peak, total
        self.t = 0

    def advance(self):
        self.t += 1
        lr = 0.5 * self.peak * (1 + math.cos(math.pi * min(self.t, self.total) / self.total))
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr


class Trainer:
    def __init__(self, model, loader, epochs, lr):
        self.model, self.loader, self.epochs = model, loader, epochs
        self.opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True)
        self.rate = CosineRate(self.opt, lr, epochs * len(loader))
        self.loss = nn.HuberLoss()

    def fit(self):
        for epoch in range(self.epochs):
            self.model.train()
            for x, y in self.loader:
                self.opt.zero_grad()
                self.loss(self.model(x), y).backward()
                self.opt.step()
                lr = self.rate.advance()
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1}: lr {lr:.5f}")

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        return self.loss(self.model(x), y).item()


torch.manual_seed(17)
x = torch.rand(600, 3) * 2 - 1
y = torch.sin(3 * x[:, :1]) * x[:, 1:2] + 0.2 * torch.randn(600, 1)
net = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 1))
trainer = Trainer(net, DataLoader(TensorDataset(x[:480], y[:480]), batch_size=16, shuffle=True), 15, 0.1)
trainer.fit()
print("val", round(trainer.score(x[480:], y[480:]), 5))
