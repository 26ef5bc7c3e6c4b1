import math
import torch
from torch import nn

torch.manual_seed(71)
x = torch.randn(480, 5)
y = (x[:, 0] > 0).long()
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
epochs, bs = 4, 32
steps = epochs * math.ceil(480 / bs)
warm = steps // 10


def factor(step):
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


sched = torch.optim.lr_scheduler.LambdaLR(opt, factor)
for epoch in range(epochs):
    net.train()
    for i in torch.randperm(480).split(bs):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        loss.backward()
        opt.step()
        sched.step()
    print(epoch, loss.item(), f"{sched.get_last_lr()[0]:.4f}")
