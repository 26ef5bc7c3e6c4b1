# SB825
import torch, math, random, copy
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, Normal
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

T = 100
betas = torch.linspace(1e-4, 0.02, T)
alphas = 1 - betas
abar = torch.cumprod(alphas, 0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = nn.Embedding(T, 16)
        self.f = nn.Sequential(nn.Linear(18, 64), nn.SiLU(), nn.Linear(64, 2))
    def forward(self, x, t):
        return self.f(torch.cat([x, self.t(t)], 1))
net = Net()
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    t = torch.randint(0, T, (x0.size(0),))
    eps = torch.randn_like(x0)
    a = abar[t].unsqueeze(1)
    xt = (1 - a).sqrt() * x0 + a.sqrt() * eps
    loss = F.mse_loss(net(xt, t), eps)
    opt.zero_grad(); loss.backward(); opt.step()
@torch.no_grad()
def sample(n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i, dtype=torch.long)
        e = net(x, t)
        x = (x - betas[i] / (1 - abar[i]).sqrt() * e) / alphas[i].sqrt()
        if i > 0:
            x = x + betas[i].sqrt() * torch.randn_like(x)
    return x
print(sample(10))
