import torch
from torch import nn
import torch.nn.functional as F


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 32), nn.Tanh())
        self.mean, self.raw = nn.Linear(32, 1), nn.Linear(32, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h), F.softplus(self.raw(h)) + 1e-4


torch.manual_seed(28)
x = torch.rand(400, 1) * 4 - 2
y = x.sin() + 0.2 * x.abs() * torch.randn_like(x)
net = Head()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(10):
    net.train()
    for i in torch.randperm(400).split(40):
        mu, var = net(x[i])
        loss = F.gaussian_nll_loss(mu, y[i], var)
        opt.zero_grad()
        loss.backward()
        opt.step()
print("nll", loss.item())
