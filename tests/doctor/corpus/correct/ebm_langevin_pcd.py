"""Energy-based model with a persistent chain buffer: gradients with respect to the input inside training, parameters frozen meanwhile."""
import random

import torch
import torch.nn as nn


class Energy(nn.Module):
    def __init__(self, d=2, h=64):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


class ReplayBuffer:
    def __init__(self, size, d, reinit=0.05):
        self.data = torch.rand(size, d) * 4 - 2
        self.reinit = reinit

    def draw(self, n):
        self.rows = torch.randint(len(self.data), (n,))
        x = self.data[self.rows]  # advanced indexing copies
        fresh = torch.rand(n) < self.reinit
        x[fresh] = torch.rand(int(fresh.sum()), x.size(1)) * 4 - 2
        return x

    def put(self, x):
        self.data[self.rows] = x.detach()


def langevin(energy, x, steps=12, step_size=0.2, noise=0.1, clip=1.0):
    flags = [p.requires_grad for p in energy.parameters()]
    for p in energy.parameters():
        p.requires_grad_(False)
    was_training = energy.training
    energy.eval()
    x = x.detach().clone()
    with torch.enable_grad():  # works from inside no_grad as well (sampling at evaluation time)
        for _ in range(steps):
            x.requires_grad_(True)
            (g,) = torch.autograd.grad(energy(x).sum(), x)
            x = x.detach() - step_size * g.clamp(-clip, clip) + noise * torch.randn_like(x)
    for p, f in zip(energy.parameters(), flags):
        p.requires_grad_(f)
    energy.train(was_training)
    return x.detach()


def mixture(n, g):
    c = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    return c[torch.randint(3, (n,), generator=g)] + 0.15 * torch.randn(n, 2, generator=g)


def main(steps=90, batch=96):
    random.seed(0)
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    train, test = mixture(2000, g), mixture(400, g)
    energy = Energy()
    buf = ReplayBuffer(1000, 2)
    opt = torch.optim.Adam(energy.parameters(), lr=2e-3, betas=(0.0, 0.999))
    for step in range(steps):
        pos = train[torch.randint(len(train), (batch,), generator=g)]
        neg = langevin(energy, buf.draw(batch))
        buf.put(neg)
        opt.zero_grad()
        e_pos, e_neg = energy(pos), energy(neg)
        contrast = e_pos.mean() - e_neg.mean()  # near zero in equilibrium, often negative; not a measure of progress
        loss = contrast + 0.1 * (e_pos.square() + e_neg.square()).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(energy.parameters(), 1.0)
        opt.step()
        if step % 30 == 29:
            energy.eval()
            with torch.no_grad():
                gap = energy(torch.rand(400, 2, generator=g) * 4 - 2).mean() - energy(test).mean()
            energy.train()
            print(f"step {step + 1} loss {loss.item():+.4f} contrast {contrast.item():+.4f} uniform-minus-test energy {gap.item():.3f}")
    with torch.no_grad():
        s = langevin(energy, torch.rand(300, 2) * 4 - 2, steps=60)
        near = torch.cdist(s, test).min(1).values
    print(f"samples: median distance to nearest test point {near.median().item():.3f}")


if __name__ == "__main__":
    main()
