import math
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(0)

def pinwheel(n, seed, arms=3):
    rng = np.random.default_rng(seed)
    k = rng.integers(arms, size=n)
    pts = rng.normal(size=(n, 2)) * [0.25, 0.12] + [1.0, 0.0]
    ang = 2 * np.pi * k / arms + 0.2 * np.exp(pts[:, 0])
    rot = np.stack([np.cos(ang), -np.sin(ang), np.sin(ang), np.cos(ang)], 1).reshape(-1, 2, 2)
    return torch.tensor(np.einsum("ni,nij->nj", pts, rot), dtype=torch.float32)


train, val = pinwheel(3000, seed=1), pinwheel(600, seed=2)
sigmas = torch.logspace(0, math.log10(0.1), 6)
print("levels", [round(s, 3) for s in sigmas.tolist()])

class ScoreNet(nn.Module):
    """Predicts -noise; dividing by sigma turns it into the score."""

    def __init__(self, h=96):
        super().__init__()
        self.level = nn.Embedding(len(sigmas), h)
        self.inp = nn.Linear(2, h)
        self.mid = nn.ModuleList(nn.Linear(h, h) for _ in range(2))
        self.out = nn.Linear(h, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x, k):
        s = sigmas[k][:, None]
        h = nn.functional.silu(self.inp(x / (1 + s ** 2).sqrt()) + self.level(k))
        for m in self.mid:
            h = h + nn.functional.silu(m(h))
        return self.out(h) / s


def dsm_loss(model, x, k, noise):
    s = sigmas[k][:, None]
    score = model(x + s * noise, k)
    # weight sigma^2 keeps every level on the same scale; a zero predictor scores 2/2 = 1
    return 0.5 * ((s * score + noise) ** 2).sum(1).mean()

model = ScoreNet()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=1000, power=1.0)


@torch.no_grad()
def validate():
    model.eval()
    g = torch.Generator().manual_seed(1)
    k = torch.randint(0, len(sigmas), (len(val),), generator=g)
    noise = torch.randn(val.shape, generator=g)
    out = dsm_loss(model, val, k, noise).item()
    model.train()
    return out


print(f"start: val {validate():.3f}")
model.train()
for step in range(1, 1001):
    x = train[torch.randint(len(train), (192,))]
    loss = dsm_loss(model, x, torch.randint(0, len(sigmas), (192,)), torch.randn_like(x))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 250 == 0:
        print(f"step {step}: val {validate():.3f}")

@torch.no_grad()
def langevin(n, steps=20, eps=2e-3):
    model.eval()
    x = torch.randn(n, 2) * 1.4
    for k in range(len(sigmas)):
        a = eps * (sigmas[k] / sigmas[-1]) ** 2
        a = min(a.item(), 0.5 * sigmas[k].item() ** 2)
        idx = torch.full((n,), k)
        for _ in range(steps):
            x = x + 0.5 * a * model(x, idx) + math.sqrt(a) * torch.randn_like(x)
    return x + sigmas[-1] ** 2 * model(x, torch.full((n,), len(sigmas) - 1))


def mean_nearest(a, b):
    return torch.cdist(a, b).amin(1).mean().item()


samples = langevin(400)
print(f"distance to data: samples {mean_nearest(samples, val):.3f}, "
      f"real {mean_nearest(train[:400], val):.3f}, gaussian {mean_nearest(torch.randn(400, 2), val):.3f}")
