import torch
from torch import nn

torch.manual_seed(73)
x = torch.randn(300, 4)
y = x.sum(1, keepdim=True)
net = nn.Linear(4, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=2, T_mult=2)
batches = 10
for epoch in range(6):
    net.train()
    for k, i in enumerate(torch.randperm(300).chunk(batches)):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
        sched.step(epoch + (k + 1) / batches)
    print(epoch, loss.item(), sched.get_last_lr()[0])
