import torch
from torch import nn

torch.manual_seed(62)
x = torch.randn(60, 2, 8, 8)
y = x.mean((1, 2, 3))
net = nn.Sequential(nn.Conv2d(2, 8, 3), nn.GroupNorm(4, 8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 1), nn.Flatten(0))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(2):
    net.train()
    for i in torch.randperm(60).split(1):
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
