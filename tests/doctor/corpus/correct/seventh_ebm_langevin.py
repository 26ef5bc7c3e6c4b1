"""Energy-based model in 2-D: contrastive divergence with a persistent replay buffer (Du & Mordatch 2019)."""
import math
import torch
import torch.nn as nn
from contextlib import contextmanager


def spirals(n, g):
    t = torch.rand(n, generator=g).sqrt() * 2.5 * math.pi
    sgn = torch.randint(0, 2, (n,), generator=g).float() * 2 - 1
    p = torch.stack([t.cos(), t.sin()], 1) * (t * sgn)[:, None] / 4
    return p + 0.08 * torch.randn(n, 2, generator=g)


@contextmanager
def frozen(module):
    flags = [p.requires_grad for p in module.parameters()]
    was = module.training
    module.eval()
    module.requires_grad_(False)
    try:
        yield module
    finally:
        for p, f in zip(module.parameters(), flags):
            p.requires_grad_(f)
        module.train(was)


class Sampler:
    def __init__(self, energy, size=2000, steps=15, step_size=0.05, fresh=0.05):
        self.energy, self.steps, self.step_size, self.fresh = energy, steps, step_size, fresh
        self.buffer = self.noise(size)

    @staticmethod
    def noise(n):
        return torch.rand(n, 2) * 5 - 2.5

    def langevin(self, x, steps):
        """unadjusted Langevin at temperature 1: x <- x - e/2 * dE/dx + sqrt(e) * N(0, 1)"""
        with frozen(self.energy), torch.enable_grad():
            for _ in range(steps):
                x = x.detach().requires_grad_(True)
                g, = torch.autograd.grad(self.energy(x).sum(), x)
                x = x - 0.5 * self.step_size * g.clamp(-10, 10) + math.sqrt(self.step_size) * torch.randn_like(x)
                x = x.clamp(-4, 4)
        return x.detach()

    def draw(self, n):
        idx = torch.randperm(len(self.buffer))[:n]
        x = self.buffer[idx]
        new = torch.rand(n) < self.fresh
        x[new] = self.noise(int(new.sum()))
        x = self.langevin(x, self.steps)
        self.buffer[idx] = x
        return x


def quadrature_nll(energy, x, lim=4.0, n=160):
    """the exact likelihood is within reach in two dimensions: integrate exp(-E) over a fine grid"""
    a = (torch.arange(n) + 0.5) / n * 2 * lim - lim
    grid = torch.stack(torch.meshgrid(a, a, indexing="ij"), -1).view(-1, 2)
    with torch.no_grad():
        logz = torch.logsumexp(-energy(grid), 0) + 2 * math.log(2 * lim / n)
        return (energy(x).mean() + logz).item()


class Energy(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 1))

    def forward(self, x):
        # a weak Gaussian prior keeps the model normalisable
        return self.net(x).squeeze(-1) + 0.5 * (x / 2.0).square().sum(-1)


def main():
    torch.manual_seed(0)
    train, val, test = (spirals(n, torch.Generator().manual_seed(s)) for n, s in ((2000, 1), (500, 2), (1000, 3)))
    energy = Energy()
    sampler = Sampler(energy)
    opt = torch.optim.Adam(energy.parameters(), lr=2e-3, betas=(0.5, 0.99))
    best = (float("inf"), None)
    for it in range(1, 181):
        real = train[torch.randint(0, len(train), (200,))]
        fake = sampler.draw(200)
        e_real, e_fake = energy(real), energy(fake)
        cd = e_real.mean() - e_fake.mean()
        reg = 1e-3 * (e_real.square().mean() + e_fake.square().mean())
        opt.zero_grad()
        (cd + reg).backward()
        opt.step()
        if it % 30 == 0:
            nll = quadrature_nll(energy, val)
            if nll < best[0]:
                best = (nll, {k: v.clone() for k, v in energy.state_dict().items()})
            print(f"iter {it:4d}  cd {cd.item():+.4f}  val nll {nll:.4f}")
    energy.load_state_dict(best[1])
    uniform = math.log(8.0 ** 2)
    print(f"test nll {quadrature_nll(energy, test):.4f} (uniform on the square {uniform:.4f})")
    chains = Sampler(energy, size=1).langevin(Sampler.noise(300), 100)
    print("spread of 300 fresh chains:", [round(v, 3) for v in chains.std(0).tolist()], "data:",
          [round(v, 3) for v in test.std(0).tolist()])


if __name__ == "__main__":
    main()
