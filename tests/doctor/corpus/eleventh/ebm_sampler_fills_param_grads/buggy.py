import torch
import torch.nn as nn

torch.manual_seed(0)


class Energy(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, x):
        return self.f(x).squeeze(-1)


class SampleBuffer:
    """Persistent chains, 5% restarted from noise."""

    def __init__(self, size=1000):
        self.x = torch.rand(size, 2) * 4 - 2

    def draw(self, n):
        self.idx = torch.randperm(len(self.x))[:n]
        start = self.x[self.idx].clone()
        fresh = torch.rand(n) < 0.05
        start[fresh] = torch.rand(int(fresh.sum()), 2) * 4 - 2
        return start

    def store(self, x):
        self.x[self.idx] = x


def langevin(energy, x, n_steps=15, step_size=0.02, noise=0.02):
    x = x.detach()
    for _ in range(n_steps):
        x.requires_grad_(True)
        energy(x).sum().backward()
        x = (x - step_size * x.grad + noise * torch.randn_like(x)).detach().clamp(-3, 3)
    return x


def two_moons(n):
    a = torch.rand(n) * torch.pi
    up = torch.stack([a.cos() - 0.5, a.sin() - 0.25], 1)
    low = torch.stack([0.5 - a.cos(), 0.25 - a.sin()], 1)
    return torch.where(torch.rand(n, 1) < 0.5, up, low) + 0.05 * torch.randn(n, 2)


net, chains = Energy(), SampleBuffer()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for it in range(120):
    pos = two_moons(128)
    opt.zero_grad()
    neg = langevin(net, chains.draw(128))
    chains.store(neg)
    e_pos, e_neg = net(pos), net(neg)
    loss = e_pos.mean() - e_neg.mean() + 0.1 * (e_pos.pow(2) + e_neg.pow(2)).mean()
    loss.backward()
    opt.step()
    if (it + 1) % 40 == 0:
        print(f"{it + 1}: E(data) {e_pos.mean().item():.3f}  E(model) {e_neg.mean().item():.3f}")
