import torch
from torch import nn


class Meter:
    def __init__(self):
        self.preds = []
        self.targets = []

    def update(self, p, t):
        self.preds.append(p.detach())
        self.targets.append(t)

    def accuracy(self):
        p = torch.cat(self.preds).argmax(1)
        t = torch.cat(self.targets)
        return (p == t).float().mean().item()


torch.manual_seed(1)
data = torch.randn(900, 16)
label = (data.pow(2).sum(1) > 16).long()
net = nn.Sequential(nn.Linear(16, 64), nn.SiLU(), nn.Linear(64, 2))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
for epoch in range(3):
    net.train()
    meter = Meter()
    for idx in torch.randperm(900).split(60):
        logits = net(data[idx])
        loss = nn.functional.cross_entropy(logits, label[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        meter.update(logits, label[idx])
    print("train accuracy", meter.accuracy())
