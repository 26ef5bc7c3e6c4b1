"""Conditional hinge GAN with projection discriminator, lazy R1 and an averaged generator (parameters and buffers)."""
import copy
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES, Z, DIM = 4, 8, 2
CENTRES = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [0.0, -2.0]])


class CondBatchNorm(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.bn = nn.BatchNorm1d(width, affine=False)
        self.gain = nn.Embedding(classes, width)
        self.bias = nn.Embedding(classes, width)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x, y):
        return self.bn(x) * self.gain(y) + self.bias(y)


class Generator(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.l1, self.n1 = nn.Linear(Z, width), CondBatchNorm(width, CLASSES)
        self.l2, self.n2 = nn.Linear(width, width), CondBatchNorm(width, CLASSES)
        self.out = nn.Linear(width, DIM)

    def forward(self, z, y):
        h = F.relu(self.n1(self.l1(z), y))
        h = F.relu(self.n2(self.l2(h), y))
        return self.out(h)


class ProjectionD(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(DIM, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2))
        self.psi = nn.Linear(width, 1)
        self.embed = nn.Embedding(CLASSES, width)

    def forward(self, x, y):
        h = self.phi(x)
        return self.psi(h).squeeze(-1) + (h * self.embed(y)).sum(-1)


class Averaged:
    """EMA copy: parameters move slowly, buffers (BatchNorm statistics, integer counters) are copied."""

    def __init__(self, model, decay):
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for avg, cur in zip(self.model.parameters(), model.parameters()):
            avg.lerp_(cur, 1 - self.decay)
        for avg, cur in zip(self.model.buffers(), model.buffers()):
            avg.copy_(cur)


def r1(D, x, y):
    x = x.detach().requires_grad_(True)
    (g,) = torch.autograd.grad(D(x, y).sum(), x, create_graph=True)
    return g.square().sum(1).mean()


def batch(n, gen):
    y = torch.randint(CLASSES, (n,), generator=gen)
    return CENTRES[y] + 0.2 * torch.randn(n, DIM, generator=gen), y


def train(steps=220, n=96, every=8, gamma=0.2):
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(4)
    G, D = Generator(), ProjectionD()
    avg = Averaged(G, decay=0.98)
    adam = partial(torch.optim.Adam, betas=(0.0, 0.99))
    og, od = adam(G.parameters(), lr=1e-3), adam(D.parameters(), lr=2e-3)
    for step in range(steps):
        x, y = batch(n, gen)
        with torch.no_grad():
            fake = G(torch.randn(n, Z, generator=gen), y)
        loss_d = F.relu(1 - D(x, y)).mean() + F.relu(1 + D(fake, y)).mean()
        if step % every == 0:  # lazy regularisation: every 8th step with 8 times the weight
            loss_d = loss_d + 0.5 * gamma * every * r1(D, x, y)
        od.zero_grad()
        loss_d.backward()
        od.step()

        y = torch.randint(CLASSES, (n,), generator=gen)
        loss_g = -D(G(torch.randn(n, Z, generator=gen), y), y).mean()
        og.zero_grad()
        loss_g.backward()
        og.step()
        avg.update(G)
    return G, avg.model


@torch.no_grad()
def class_error(model, gen, n=400):
    model.eval()
    y = torch.arange(CLASSES).repeat_interleave(n // CLASSES)
    x = model(torch.randn(n, Z, generator=gen), y)
    return {
        "wrong_class": (torch.cdist(x, CENTRES).argmin(1) != y).float().mean().item(),
        "rmse": (x - CENTRES[y]).square().sum(1).mean().sqrt().item(),
    }


if __name__ == "__main__":
    G, ema = train()
    for name, m in [("last", G), ("ema", ema)]:
        print(name, class_error(m, torch.Generator().manual_seed(99)))
