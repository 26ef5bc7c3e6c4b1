# DDPM on a noisy ring
import math
import torch
from torch import nn

T = 60
betas = torch.linspace(1e-4, 0.2, T)
alphas = 1.0 - betas
alpha_bar = torch.cumprod(alphas, 0)


def data(n):
    a = torch.rand(n) * 2 * math.pi
    return 1.4 * torch.stack([a.cos(), a.sin()], 1) + 0.05 * torch.randn(n, 2)


def q_sample(x0, t, noise=None):
    """x_t ~ q(x_t | x_0)"""
    if noise is None:
        noise = torch.randn_like(x0)
    ab = alpha_bar[t].unsqueeze(1)
    return ab.sqrt() * x0 + (1 - ab).sqrt() * noise


class EpsNet(nn.Module):
    def __init__(self, h=96, emb=16):
        super().__init__()
        self.register_buffer("freq", torch.exp(torch.linspace(0, 3, emb // 2)))
        self.net = nn.Sequential(nn.Linear(2 + emb, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        u = t.float().unsqueeze(1) / T * self.freq
        return self.net(torch.cat([x, u.sin(), u.cos()], 1))


@torch.no_grad()
def sample(net, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i, dtype=torch.long)
        eps = net(x, t)
        x = (x - betas[i] / (1 - alpha_bar[i]).sqrt() * eps) / alphas[i].sqrt()
        if i > 0:
            x = x + betas[i].sqrt() * torch.randn_like(x)
    return x


def p_losses(net, x0):
    t = torch.randint(0, T, (x0.size(0),))
    noise = torch.randn_like(x0)
    x_t = q_sample(x0, t)
    return nn.functional.mse_loss(net(x_t, t), noise)


torch.manual_seed(0)
net = EpsNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
running = None
for it in range(1500):
    loss = p_losses(net, data(128))
    opt.zero_grad()
    loss.backward()
    opt.step()
    running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
    if it % 500 == 499:
        print(it + 1, "loss", round(running, 3))

net.eval()
d = torch.cdist(sample(net, 400), data(2000)).min(dim=1).values
print("median distance of a sample to the data:", round(d.median().item(), 3))
