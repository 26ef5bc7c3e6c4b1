import copy
import torch
import torch.nn as nn


class Runner:
    def __init__(self, model, lr=3e-3):
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.model = copy.deepcopy(model)
        self.criterion = nn.L1Loss()

    def train_step(self, x, y):
        self.model.train()
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


torch.manual_seed(25)
x = torch.rand(400, 3)
y = (x**2).sum(1, keepdim=True)
runner = Runner(nn.Sequential(nn.Linear(3, 24), nn.ELU(), nn.Linear(24, 1)))
for epoch in range(6):
    losses = [runner.train_step(x[i], y[i]) for i in torch.randperm(400).split(40)]
    print("epoch", epoch, sum(losses) / len(losses))
