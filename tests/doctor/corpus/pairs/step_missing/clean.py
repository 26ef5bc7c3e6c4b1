import torch
import torch.nn as nn


class Learner:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.log = []

    def update(self, xb, yb):
        self.opt.zero_grad()
        loss = nn.functional.cross_entropy(self.model(xb), yb)
        loss.backward()
        self.opt.step()
        self.log.append(loss.item())


torch.manual_seed(11)
x = torch.randn(400, 4)
y = (x[:, 0] > 0).long()
learner = Learner(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2)), 5e-3)
for epoch in range(5):
    learner.model.train()
    for i in torch.randperm(400).split(40):
        learner.update(x[i], y[i])
    print(epoch, sum(learner.log[-10:]) / 10)
