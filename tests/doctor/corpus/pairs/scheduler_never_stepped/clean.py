import torch
from torch import nn
from torch.optim import lr_scheduler


class Trainer:
    def __init__(self, model, epochs):
        self.model = model
        self.epochs = epochs
        self.optim = torch.optim.SGD(model.parameters(), lr=0.2)
        self.sched = lr_scheduler.MultiStepLR(self.optim, milestones=[4, 8], gamma=0.1)
        self.crit = nn.CrossEntropyLoss()

    def run(self, x, y):
        for ep in range(self.epochs):
            self.model.train()
            total = 0.0
            for idx in torch.randperm(len(x)).split(32):
                loss = self.crit(self.model(x[idx]), y[idx])
                self.optim.zero_grad()
                loss.backward()
                self.optim.step()
                total += loss.item() * len(idx)
            self.sched.step()
            print(f"{ep}: {total / len(x):.4f}")


torch.manual_seed(61)
x = torch.randn(512, 7)
y = (x.square().sum(1) > 7).long()
Trainer(nn.Sequential(nn.Linear(7, 32), nn.Tanh(), nn.Linear(32, 2)), 10).run(x, y)
