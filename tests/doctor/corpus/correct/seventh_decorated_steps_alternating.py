"""Decorated step functions: a domain-adversarial network with alternating updates and a gradient reversal."""
import functools
import math

import torch
from torch import nn
from torch.autograd import Function


class Reverse(Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.strength * g, None


class Running:
    """Sample-weighted mean."""

    def __init__(self):
        self.total, self.n = 0.0, 0

    def add(self, value, n):
        self.total += value * n
        self.n += n

    @property
    def mean(self):
        return self.total / self.n


def optimised_by(*opts, clip=None):
    """The function returns (loss, batch size); the decorator does the rest and gives back a float."""
    def deco(fn):
        @functools.wraps(fn)
        def step(*a, **kw):
            for o in opts:
                o.zero_grad()
            loss, n = fn(*a, **kw)
            loss.backward()
            for o in opts:
                if clip:
                    nn.utils.clip_grad_norm_([p for g in o.param_groups for p in g["params"]], clip)
                o.step()
            meters.setdefault(fn.__name__, Running()).add(loss.item(), n)
            return loss.item()
        return step
    return deco


def evaluation(fn):
    @functools.wraps(fn)
    def wrapped(*a, **kw):
        modes = [m.training for m in MODULES]
        for m in MODULES:
            m.eval()
        try:
            with torch.no_grad():
                return fn(*a, **kw)
        finally:
            for m, flag in zip(MODULES, modes):
                m.train(flag)
    return wrapped


def domain(n, angle, shift, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    t = torch.rand(n, generator=gen) * math.pi
    x = torch.stack([t.cos() + y - 0.5, t.sin() * (1 - 2 * y) + 0.25 * (2 * y - 1)], 1)
    x = x + 0.1 * torch.randn(n, 2, generator=gen)
    c, s = math.cos(angle), math.sin(angle)
    return x @ torch.tensor([[c, s], [-s, c]]) + shift, y


torch.manual_seed(0)
gen = torch.Generator().manual_seed(1)
xs, ys = domain(800, 0.0, 0.0, gen)
xt, _ = domain(800, 0.4, 0.2, gen)                # labels of the target domain are not used
x_eval, y_eval = domain(600, 0.4, 0.2, gen)

body = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
label_head = nn.Linear(64, 2)
domain_head = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
MODULES = (body, label_head, domain_head)
opt_main = torch.optim.Adam([*body.parameters(), *label_head.parameters()], lr=2e-3)
opt_domain = torch.optim.Adam(domain_head.parameters(), lr=2e-3)
meters = {}


def domain_loss(features, n_source):
    target = torch.zeros(len(features), 1)
    target[:n_source] = 1
    return nn.functional.binary_cross_entropy_with_logits(domain_head(features), target)


@optimised_by(opt_domain)
def critic_step(a, b):
    # an extra step of the domain head on fixed features
    with torch.no_grad():
        f = body(torch.cat([a, b]))
    return domain_loss(f, len(a)), len(f)


@optimised_by(opt_main, opt_domain, clip=5.0)
def joint_step(a, ya, b, strength):
    f = body(torch.cat([a, b]))
    task = nn.functional.cross_entropy(label_head(f[:len(a)]), ya)
    return task + domain_loss(Reverse.apply(f, strength), len(a)), len(f)


@evaluation
def accuracy(x, y):
    return (label_head(body(x)).argmax(1) == y).float().mean().item()


EPOCHS = 12
for epoch in range(EPOCHS):
    strength = 0.3 * (2 / (1 + math.exp(-8 * epoch / EPOCHS)) - 1)
    meters.clear()
    for i, j in zip(torch.randperm(800).split(64), torch.randperm(800).split(64)):
        critic_step(xs[i], xt[j])
        joint_step(xs[i], ys[i], xt[j], strength)
    if epoch % 4 == 3:
        print(epoch + 1, {k: round(m.mean, 3) for k, m in meters.items()})
print(f"target-domain accuracy {accuracy(x_eval, y_eval):.3f}")
