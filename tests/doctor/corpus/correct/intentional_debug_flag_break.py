import os
import torch
from torch import nn

FAST = os.environ.get("FAST_DEV_RUN") == "1"
torch.manual_seed(59)
x = torch.randn(200, 3)
y = x.sum(1, keepdim=True)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    net.train()
    for k, i in enumerate(torch.randperm(200).split(20)):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
        if FAST and k == 1:
            break
    print(epoch, loss.item())
