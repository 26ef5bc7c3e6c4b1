import torch
from torch import nn


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = torch.tanh(s)
        b = b * s.exp() + t
        out = torch.cat([b, a], 1) if self.flip else torch.cat([a, b], 1)
        return out, s.squeeze(1)


class Flow(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(k % 2 == 1) for k in range(n))

    def log_prob(self, x):
        total = torch.zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            total = total + ld
        base = torch.distributions.Normal(0.0, 1.0)
        return base.log_prob(x).sum(1) + total


torch.manual_seed(40)
angle = torch.rand(600) * 6.2832
data = torch.stack([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(600, 2)
flow = Flow()
opt = torch.optim.Adam(flow.parameters(), lr=5e-3)
for epoch in range(6):
    for i in torch.randperm(600).split(100):
        loss = -flow.log_prob(data[i]).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, "nll", loss.item())
