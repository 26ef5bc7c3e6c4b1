import torch
from torch import nn


class Trainer:
    def __init__(self, model, accum=4, lr=1e-3):
        self.model, self.accum = model, accum
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)

    def epoch(self, x, y, bs):
        self.model.train()
        batches = torch.randperm(len(x)).split(bs)
        self.opt.zero_grad()
        for k, i in enumerate(batches):
            loss = nn.functional.cross_entropy(self.model(x[i]), y[i]) / self.accum
            loss.backward()
            if (k + 1) % self.accum == 0:
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.opt.step()
                self.opt.zero_grad()
        return loss.item() * self.accum


torch.manual_seed(86)
x = torch.randn(640, 10)
y = x[:, :5].argmax(1)
t = Trainer(nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 5)), lr=5e-3)
for e in range(6):
    print(e, t.epoch(x, y, 20))
