import math
import torch
import torch.nn as nn
import torch.nn.functional as F


def augment(x):
    """Random scale, jitter and channel dropping for 1-d signals (N, 16)."""
    scale = 0.8 + 0.4 * torch.rand(len(x), 1)
    keep = (torch.rand_like(x) > 0.1).float()
    return (x * scale + 0.1 * torch.randn_like(x)) * keep


class Encoder(nn.Module):
    def __init__(self, d=16, feat=32, proj=16):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, feat), nn.ReLU())
        self.projector = nn.Sequential(nn.Linear(feat, feat), nn.ReLU(), nn.Linear(feat, proj))

    def forward(self, x):
        return F.normalize(self.projector(self.backbone(x)), dim=1)


def nt_xent(za, zb, tau=0.2):
    n = za.shape[0]
    z = torch.cat([za, zb])
    sim = z @ z.t() / tau
    partner = torch.arange(2 * n).roll(n)
    return F.cross_entropy(sim, partner)


def signals(n):
    y = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 1, 16)
    phase = 0.5 * torch.randn(n, 1)
    return torch.sin(2 * math.pi * (1 + y[:, None]) * t + phase), y


def linear_probe(enc, x, y, xt, yt):
    enc.eval()
    with torch.no_grad():
        f, ft = enc.backbone(x), enc.backbone(xt)
    clf = nn.Linear(f.shape[1], 4)
    opt = torch.optim.Adam(clf.parameters(), lr=0.02)
    for _ in range(150):
        opt.zero_grad()
        F.cross_entropy(clf(f), y).backward()
        opt.step()
    with torch.no_grad():
        return (clf(ft).argmax(1) == yt).float().mean().item()


torch.manual_seed(6)
x, y = signals(800)
xt, yt = signals(300)
enc = Encoder()
opt = torch.optim.Adam(enc.parameters(), lr=2e-3)
for epoch in range(12):
    enc.train()
    for idx in torch.randperm(len(x)).split(100):
        loss = nt_xent(enc(augment(x[idx])), enc(augment(x[idx])))
        opt.zero_grad()
        loss.backward()
        opt.step()
print("contrastive loss", round(loss.item(), 3), "probe accuracy", linear_probe(enc, x[:100], y[:100], xt, yt))
