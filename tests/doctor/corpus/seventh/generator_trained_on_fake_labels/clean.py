import torch
import torch.nn as nn


class G(nn.Module):
    def __init__(s, z=8, h=48):
        super().__init__()
        s.z = z
        s.f = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))

    def forward(s, n):
        return s.f(torch.randn(n, s.z))


class D(nn.Module):
    def __init__(s, h=48):
        super().__init__()
        s.f = nn.Sequential(nn.Linear(2, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, 1))

    def forward(s, x):
        return s.f(x).squeeze(1)


def ring(n, k=8, r=2.0):
    a = torch.randint(0, k, (n,)) * (2 * torch.pi / k)
    return r * torch.stack([a.cos(), a.sin()], 1) + 0.1 * torch.randn(n, 2)


bce = nn.BCEWithLogitsLoss()


def judge(out, real):
    """BCE against a constant target."""
    return bce(out, torch.full_like(out, 1.0 if real else 0.0))


def step_d(d, g, opt, x):
    with torch.no_grad():
        fake = g(len(x))
    loss = judge(d(x), True) + judge(d(fake), False)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


def step_g(d, g, opt, n):
    d.requires_grad_(False)
    loss = judge(d(g(n)), True)
    opt.zero_grad()
    loss.backward()
    opt.step()
    d.requires_grad_(True)
    return loss.item()


def main():
    torch.manual_seed(13)
    g, d = G(), D()
    og = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.5, 0.999))
    od = torch.optim.Adam(d.parameters(), lr=1e-3, betas=(0.5, 0.999))
    for it in range(1, 801):
        ld = step_d(d, g, od, ring(128))
        lg = step_g(d, g, og, 128)
        if it % 200 == 0:
            with torch.no_grad():
                s = g(1000)
            print(f"{it:5d}  D {ld:.3f}  G {lg:.3f}  mean radius {s.norm(dim=1).mean():.2f} (data 2.00)")


main()
