"""Domain-adversarial training: a gradient reversal layer; target labels are used for the final score only."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Function


class ReverseGrad(Function):
    @staticmethod
    def forward(ctx, x, lambd):
        ctx.lambd = lambd
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.neg() * ctx.lambd, None


class DANN(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(6, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU())
        self.classifier = nn.Linear(d, 1)
        self.domain = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1))

    def forward(self, x, lambd=None):
        h = self.features(x)
        label = self.classifier(h).squeeze(1)
        if lambd is None:
            return label
        return label, self.domain(ReverseGrad.apply(h, lambd)).squeeze(1)


def domain(n, seed, target):
    """Four honest features, two shortcuts: in the source they tell the class, in the target they are moved and say nothing."""
    gen = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 2, (n,), generator=gen).float()
    sign = (2 * y - 1).unsqueeze(1)
    honest = 0.8 * sign + torch.randn(n, 4, generator=gen)
    noise = 0.7 * torch.randn(n, 2, generator=gen)
    shortcut = 2.5 + noise if target else 1.2 * sign + noise
    return torch.cat([honest, shortcut], 1), y


def endless(x, y, size, gen):
    while True:
        for idx in torch.randperm(len(x), generator=gen).split(size):
            if len(idx) == size:
                yield x[idx], y[idx]


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return ((model(x) > 0).float() == y).float().mean().item()


def main(adversarial, steps=400, seed=0):
    torch.manual_seed(seed)
    source, target = domain(600, 1, False), domain(600, 2, True)
    source_test, target_test = domain(400, 3, False), domain(400, 4, True)
    gen = torch.Generator().manual_seed(seed)
    src, tgt = endless(*source, 64, gen), endless(*target, 64, gen)
    model = DANN()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(steps):
        model.train()
        lambd = 2.0 / (1.0 + math.exp(-10 * step / steps)) - 1.0
        (xs, ys), (xt, _) = next(src), next(tgt)     # the target's labels stay unknown
        ls, ds = model(xs, lambd)
        loss = F.binary_cross_entropy_with_logits(ls, ys)
        if adversarial:
            _, dt = model(xt, lambd)
            d = torch.cat([ds, dt])
            domain_target = torch.cat([torch.zeros_like(ds), torch.ones_like(dt)])
            loss = loss + F.binary_cross_entropy_with_logits(d, domain_target)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return accuracy(model, *source_test), accuracy(model, *target_test)


if __name__ == "__main__":
    for flag in (False, True):
        s, t = main(flag)
        print(f"{'with' if flag else 'without'} reversal: source test {s:.3f}, target test {t:.3f}")
