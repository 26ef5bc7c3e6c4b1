# Coordinate network with Fourier features + differentiable ray compositing, a "flatland" NeRF:
# a 2-D scene is seen by 1-D cameras on a circle. Some views are held out.
import math

import torch
from torch import nn

torch.manual_seed(0)
RAYS, SAMPLES, NEAR, FAR = 40, 32, 0.5, 3.5


class PosEnc(nn.Module):
    def __init__(self, n_freq):
        super().__init__()
        self.register_buffer("freq", 2.0 ** torch.arange(n_freq) * math.pi / 2)

    def forward(self, x):
        y = (x[..., None, :] * self.freq[:, None]).flatten(-2)
        return torch.cat([x, y.sin(), y.cos()], dim=-1)


class Field(nn.Module):
    def __init__(self, n_freq=4, width=64):
        super().__init__()
        d = 2 + 2 * 2 * n_freq
        self.enc = PosEnc(n_freq)
        self.l1 = nn.Sequential(nn.Linear(d, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.l2 = nn.Sequential(nn.Linear(width + d, width), nn.ReLU())
        self.sigma, self.rgb = nn.Linear(width, 1), nn.Linear(width, 3)

    def forward(self, p):
        e = self.enc(p)
        h = self.l2(torch.cat([self.l1(e), e], -1))
        return nn.functional.softplus(self.sigma(h)).squeeze(-1), torch.sigmoid(self.rgb(h))


def true_field(p):
    """three soft discs"""
    c = torch.tensor([[0.5, 0.2], [-0.4, 0.5], [0.0, -0.6]])
    col = torch.eye(3)
    inside = torch.sigmoid((0.3 - (p[..., None, :] - c).norm(dim=-1)) * 40)
    sigma = 12 * inside.sum(-1)
    rgb = (inside[..., None] * col).sum(-2) / (inside.sum(-1, keepdim=True) + 1e-6)
    return sigma, rgb


def rays(angle):
    o = 2 * torch.stack([angle.cos(), angle.sin()], -1)
    fwd, right = -o / 2, torch.stack([-angle.sin(), angle.cos()], -1)
    u = torch.linspace(-0.5, 0.5, RAYS)
    d = fwd[:, None] + u[None, :, None] * right[:, None]
    d = d / d.norm(dim=-1, keepdim=True)
    return o[:, None].expand_as(d), d


def render(field, o, d, n, jitter):
    edges = torch.linspace(NEAR, FAR, n + 1)
    width = (FAR - NEAR) / n
    t = edges[:-1] + (torch.rand(*o.shape[:-1], n) if jitter else torch.full((*o.shape[:-1], n), 0.5)) * width
    sigma, rgb = field(o[..., None, :] + t[..., None] * d[..., None, :])
    delta = torch.cat([t[..., 1:] - t[..., :-1], FAR - t[..., -1:]], -1)
    alpha = 1 - torch.exp(-sigma * delta)
    trans = torch.cumprod(1 - alpha + 1e-10, -1)
    trans = torch.cat([torch.ones_like(trans[..., :1]), trans[..., :-1]], -1)  # light that arrives at a sample
    w = alpha * trans
    return (w[..., None] * rgb).sum(-2), w.sum(-1)


def psnr(mse):
    return -10 * math.log10(mse)


angles = torch.arange(24) / 24 * 2 * math.pi
o, d = rays(angles)
with torch.no_grad():
    views, _ = render(true_field, o, d, 512, jitter=False)
held = torch.zeros(24, dtype=torch.bool)
held[3::8] = True
ro, rd, rc = (v[~held].reshape(-1, v.shape[-1]) for v in (o, d, views))

field = Field()
opt = torch.optim.Adam(field.parameters(), lr=4e-3)
n_iter = 350
decay = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.1 ** (1 / n_iter))
for it in range(n_iter):
    pick = torch.randint(len(ro), (128,))
    pred, _ = render(field, ro[pick], rd[pick], SAMPLES, jitter=True)
    loss = (pred - rc[pick]).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    decay.step()
    if it % 100 == 0:
        print(f"iter {it:4d} psnr {psnr(loss.item()):.2f}")

with torch.no_grad():
    pred, opacity = render(field, o[held], d[held], 2 * SAMPLES, jitter=False)
    mse = (pred - views[held]).square().mean().item()
    base = (rc.mean(0) - views[held]).square().mean().item()
print(f"held-out views: psnr {psnr(mse):.2f} (mean colour {psnr(base):.2f}), opacity {opacity.mean():.3f}")
