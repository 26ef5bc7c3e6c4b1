import torch
from torch import nn


class FakeQuant(nn.Module):
    """Straight-through rounding to n bits with a running range."""

    def __init__(self, bits=8, momentum=0.1):
        super().__init__()
        self.levels = 2 ** (bits - 1) - 1
        self.momentum = momentum
        self.register_buffer("peak", torch.tensor(1.0))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.peak.lerp_(x.abs().max(), self.momentum)
        scale = self.peak.clamp_min(1e-8) / self.levels
        q = (x / scale).round().clamp(-self.levels, self.levels) * scale
        return x + (q - x).detach()


class QLinear(nn.Linear):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.fq = FakeQuant(4)

    def forward(self, x):
        return nn.functional.linear(x, self.fq(self.weight), self.bias)


torch.manual_seed(44)
x = torch.randn(400, 6)
y = x[:, :1] - 2 * x[:, 1:2]
net = nn.Sequential(QLinear(6, 32), nn.ReLU(), FakeQuant(8), QLinear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(6):
    net.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.mse_loss(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(net(x[320:]), y[320:]).item())
