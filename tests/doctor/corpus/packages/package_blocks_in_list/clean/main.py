import torch
from torch.nn.functional import mse_loss

from stack import ResidualStack

torch.manual_seed(3)
x = torch.randn(400, 4)
y = (x[:, :1] * x[:, 1:2]).tanh()
net = ResidualStack(4, 24, 3, 1)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        loss = mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
