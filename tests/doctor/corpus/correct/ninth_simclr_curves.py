"""SimCLR on one-dimensional signals, then a linear probe on frozen features."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

L = 48


def signals(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    t = torch.linspace(0, 1, L)
    f = 2 + torch.rand(n, 1, generator=gen)
    s = torch.sin(2 * math.pi * f * t)
    waves = torch.stack([s, torch.sign(s), 2 * ((f * t) % 1) - 1, s * torch.exp(-3 * t)], 1)
    return waves[torch.arange(n), y] + 0.5 * torch.randn(n, L, generator=gen), y


def augment(x):
    shift = torch.randint(0, L, (len(x), 1))
    x = x.gather(1, (torch.arange(L) + shift) % L)
    x = x * (0.7 + 0.6 * torch.rand(len(x), 1)) * torch.where(torch.rand(len(x), 1) < 0.5, -1.0, 1.0)
    return x + 0.1 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv1d(1, 16, 7, 2, 3, bias=False), nn.BatchNorm1d(16), nn.ReLU(),
            nn.Conv1d(16, 32, 5, 2, 2, bias=False), nn.BatchNorm1d(32), nn.ReLU(),
            nn.AdaptiveAvgPool1d(2), nn.Flatten())

    def forward(self, x):
        return self.f(x.unsqueeze(1))


def nt_xent(z1, z2, tau=0.2):
    n = len(z1)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = (z @ z.T / tau).fill_diagonal_(float("-inf"))
    partner = torch.arange(2 * n).roll(n)
    return F.cross_entropy(sim, partner)


def pretrain(x, epochs=12, batch=64):
    enc = Encoder()
    proj = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
    opt = torch.optim.Adam([*enc.parameters(), *proj.parameters()], lr=3e-3)
    steps = epochs * (len(x) // batch)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=steps)
    enc.train(), proj.train()
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(batch):
            if len(idx) < batch:  # a short batch has fewer negatives
                continue
            loss = nt_xent(proj(enc(augment(x[idx]))), proj(enc(augment(x[idx]))))
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1} nt-xent {loss.item():.3f} (chance {math.log(2 * batch - 1):.3f})")
    return enc


def probe(enc, train, test):
    enc.eval()
    with torch.no_grad():
        ftr, fte = enc(train[0]), enc(test[0])
    m, s = ftr.mean(0), ftr.std(0) + 1e-6
    ftr, fte = (ftr - m) / s, (fte - m) / s
    lin = nn.Linear(64, 4)
    opt = torch.optim.SGD(lin.parameters(), lr=0.5, weight_decay=1e-3)
    for _ in range(100):
        opt.zero_grad()
        F.cross_entropy(lin(ftr), train[1]).backward()
        opt.step()
    with torch.no_grad():
        return (lin(fte).argmax(1) == test[1]).float().mean().item()


torch.manual_seed(10)
g = torch.Generator().manual_seed(10)
unlabeled, _ = signals(640, g)
few, test = signals(20, g), signals(400, g)
random_features = probe(Encoder(), few, test)
encoder = pretrain(unlabeled)
print(f"probe with 20 labels: random features {random_features:.3f}, SimCLR features {probe(encoder, few, test):.3f}")
