import torch
import torch.nn as nn
from torch.distributions import Normal


class GaussianHead(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, 32), nn.Tanh())
        self.mu = nn.Linear(32, 1)
        self.log_sigma = nn.Linear(32, 1)

    def forward(self, x):
        h = self.body(x)
        return Normal(self.mu(h), self.log_sigma(h).clamp(-4, 2).exp())


torch.manual_seed(94)
x = torch.rand(500, 1) * 6 - 3
y = torch.sin(x) + 0.1 * (1 + x.abs()) * torch.randn_like(x)
model = GaussianHead(1)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    model.train()
    for i in torch.randperm(500).split(50):
        dist = model(x[i])
        loss = dist.log_prob(y[i]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
