import math
import torch
from torch import nn
import torch.nn.functional as F


class BayesLinear(nn.Module):
    def __init__(self, i, o, prior=1.0):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(o, i) / math.sqrt(i))
        self.rho = nn.Parameter(torch.full((o, i), -4.0))
        self.bias = nn.Parameter(torch.zeros(o))
        self.prior = prior

    def forward(self, x):
        sigma = F.softplus(self.rho)
        return F.linear(x, self.mu + sigma * torch.randn_like(sigma), self.bias)

    def kl(self):
        s = F.softplus(self.rho)
        return (math.log(self.prior) - s.log() + (s**2 + self.mu**2) / (2 * self.prior**2) - 0.5).sum()


torch.manual_seed(17)
x = torch.rand(200, 1) * 4 - 2
y = x.sin() + 0.1 * torch.randn(200, 1)
net = nn.Sequential(BayesLinear(1, 24), nn.Tanh(), BayesLinear(24, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(10):
    net.train()
    for i in torch.randperm(200).split(20):
        nll = F.mse_loss(net(x[i]), y[i]) / (2 * 0.1**2)
        kl = sum(m.kl() for m in net if isinstance(m, BayesLinear)) / 200
        opt.zero_grad()
        (nll + kl).backward()
        opt.step()
print(nll.item(), kl.item())
