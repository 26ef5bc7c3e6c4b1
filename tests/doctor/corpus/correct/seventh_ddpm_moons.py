"""minimal DDPM on 2-D points, with cosine schedule, EMA weights and x0-clipped ancestral sampling"""
import copy, math
import torch, torch.nn as nn, torch.nn.functional as F
from sklearn.datasets import make_moons

T = 60


def cosine_betas(T, s=0.008):
    f = torch.cos((torch.linspace(0, T, T + 1, dtype=torch.float64) / T + s) / (1 + s) * math.pi / 2) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999).float()


class SinEmb(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.register_buffer("w", torch.exp(-math.log(1e4) * torch.arange(d // 2) / (d // 2 - 1)), persistent=False)

    def forward(self, t):
        a = t[:, None].float() * self.w[None]
        return torch.cat([a.sin(), a.cos()], -1)


class Eps(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.temb = nn.Sequential(SinEmb(32), nn.Linear(32, h), nn.SiLU(), nn.Linear(h, h))
        self.inp = nn.Linear(2, h)
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(h), nn.SiLU(), nn.Linear(h, h)) for _ in range(3))
        self.out = nn.Linear(h, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x, t):
        e, h = self.temb(t), self.inp(x)
        for b in self.blocks:
            h = h + b(h + e)
        return self.out(h)


class DDPM(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        b = cosine_betas(T)
        a = 1 - b
        ab = a.cumprod(0)
        ab_prev = F.pad(ab[:-1], (1, 0), value=1.0)
        for k, v in dict(b=b, a=a, ab=ab, ab_prev=ab_prev, var=b * (1 - ab_prev) / (1 - ab)).items():
            self.register_buffer(k, v)

    def q_sample(self, x0, t, eps):
        return self.ab[t].sqrt()[:, None] * x0 + (1 - self.ab[t]).sqrt()[:, None] * eps

    def forward(self, x0, t=None, eps=None):
        if t is None:
            t = torch.randint(0, T, (len(x0),), device=x0.device)
        if eps is None:
            eps = torch.randn_like(x0)
        return F.mse_loss(self.net(self.q_sample(x0, t, eps), t), eps)

    @torch.no_grad()
    def sample(self, n, g=None):
        x = torch.randn(n, 2, generator=g)
        for i in reversed(range(T)):
            t = torch.full((n,), i)
            eps = self.net(x, t)
            x0 = ((x - (1 - self.ab[i]).sqrt() * eps) / self.ab[i].sqrt()).clamp(-3, 3)
            mean = (self.ab_prev[i].sqrt() * self.b[i] * x0 + self.a[i].sqrt() * (1 - self.ab_prev[i]) * x) / (1 - self.ab[i])
            x = mean + (self.var[i].sqrt() * torch.randn(n, 2, generator=g) if i > 0 else 0.0)
        return x


class EMA:
    def __init__(self, model, decay=0.99):
        self.model, self.decay, self.n = copy.deepcopy(model).eval().requires_grad_(False), decay, 0

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        for e, p in zip(self.model.parameters(), model.parameters()):
            e.mul_(d).add_(p, alpha=1 - d)


def energy_distance(a, b):
    off = lambda m: m.sum() / (len(m) * (len(m) - 1))
    return (2 * torch.cdist(a, b).mean() - off(torch.cdist(a, a)) - off(torch.cdist(b, b))).item()


torch.manual_seed(0)
X = torch.tensor(make_moons(2600, noise=0.06, random_state=0)[0], dtype=torch.float32)
tr, te = X[:2000], X[2000:]
mu, sd = tr.mean(0), tr.std(0)
tr, te = (tr - mu) / sd, (te - mu) / sd

ddpm = DDPM(Eps())
ema = EMA(ddpm)
opt = torch.optim.AdamW(ddpm.parameters(), lr=4e-3, weight_decay=0.0)
iters = 450
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=iters)
run = None
for it in range(iters):
    x0 = tr[torch.randint(0, len(tr), (256,))]
    loss = ddpm(x0)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(ddpm.parameters(), 1.0)
    opt.step()
    sched.step()
    ema.update(ddpm)
    run = loss.item() if run is None else 0.95 * run + 0.05 * loss.item()
    if (it + 1) % 150 == 0:
        print(f"{it+1:4d}  loss(ema) {run:.4f}  lr {sched.get_last_lr()[0]:.2e}")

g = torch.Generator().manual_seed(1)
t_te = torch.randint(0, T, (len(te),), generator=g)
with torch.no_grad():
    held = ema.model(te, t_te, torch.randn(len(te), 2, generator=g)).item()
s = ema.model.sample(len(te), g)
print(f"held-out eps mse {held:.4f}")
print(f"energy distance: samples {energy_distance(s, te):.4f}, gaussian noise {energy_distance(torch.randn(len(te), 2, generator=g), te):.4f}")
print("first samples in data units:", (s[:3] * sd + mu).tolist())
