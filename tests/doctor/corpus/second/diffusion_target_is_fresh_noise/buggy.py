import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(1)
T = 50
betas = torch.linspace(1e-3, 0.2, T)
alphas = 1 - betas
abar = torch.cumprod(alphas, 0)


class EpsNet(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.t_emb = nn.Embedding(T, 16)
        self.f = nn.Sequential(nn.Linear(2 + 16, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        return self.f(torch.cat([x, self.t_emb(t)], 1))


def q_sample(x0, t, eps):
    a = abar[t].unsqueeze(1)
    return a.sqrt() * x0 + (1 - a).sqrt() * eps


def diffusion_loss(model, x0):
    t = torch.randint(0, T, (len(x0),))
    eps = torch.randn_like(x0)
    pred = model(q_sample(x0, t, eps), t)
    return F.mse_loss(pred, torch.randn_like(x0))


@torch.no_grad()
def p_sample_loop(model, n):
    model.eval()
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        x = (x - betas[i] / (1 - abar[i]).sqrt() * model(x, t)) / alphas[i].sqrt()
        if i > 0:
            x = x + betas[i].sqrt() * torch.randn_like(x)
    return x


def wave_data(n):
    s = torch.randn(n)
    return torch.stack([s, torch.sin(1.5 * s)], 1) + 0.05 * torch.randn(n, 2)


net = EpsNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
losses = []
for it in range(1000):
    net.train()
    loss = diffusion_loss(net, wave_data(128))
    opt.zero_grad()
    loss.backward()
    opt.step()
    losses.append(loss.item())

s = p_sample_loop(net, 1000)
off = (s[:, 1] - torch.sin(1.5 * s[:, 0])).abs().mean().item()
print(f"loss {sum(losses[-50:]) / 50:.3f}  distance of the samples from the curve {off:.3f}")
