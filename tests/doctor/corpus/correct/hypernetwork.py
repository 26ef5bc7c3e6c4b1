import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(39)


class Hyper(nn.Module):
    def __init__(self, z=2, i=3, h=8):
        super().__init__()
        self.i, self.h = i, h
        self.gen = nn.Sequential(nn.Linear(z, 32), nn.ReLU(), nn.Linear(32, i * h + h + h + 1))

    def forward(self, z, x):
        w = self.gen(z)
        w1, b1, w2, b2 = w.split([self.i * self.h, self.h, self.h, 1])
        hid = torch.tanh(F.linear(x, w1.view(self.h, self.i), b1))
        return F.linear(hid, w2.view(1, self.h), b2)


net = Hyper()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for it in range(80):
    z, x = torch.randn(2), torch.randn(32, 3)
    y = (z[0] * x[:, :1] + z[1] * x[:, 1:2]).tanh()
    loss = F.mse_loss(net(z, x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item())
