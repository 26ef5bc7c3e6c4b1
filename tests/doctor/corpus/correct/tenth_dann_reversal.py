# Domain-adversarial training (DANN) with a gradient reversal layer.
# One sensor drifts: in the source domain it follows the label, in the target domain it is stuck
# at another level. Target labels are used for the final score only.
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class ReverseGrad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return -ctx.strength * grad_output, None


class DANN(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, 16))
        self.label_head = nn.Linear(16, 2)
        self.domain_head = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1))

    def classify(self, x):
        return self.label_head(self.features(x))

    def forward(self, x, strength):
        h = self.features(x)
        domain = self.domain_head(ReverseGrad.apply(h, strength)).squeeze(1)
        return self.label_head(h), domain


def sensors(n, gen, drifted):
    y = torch.randint(0, 2, (n,), generator=gen)
    sign = 2.0 * y - 1.0
    stable = 0.6 * sign[:, None] + torch.randn(n, 6, generator=gen)
    level = torch.full((n,), 3.0) if drifted else 1.5 * sign
    drifting = level + 0.7 * torch.randn(n, generator=gen)
    return torch.cat([stable, drifting[:, None]], dim=1), y


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model.classify(x).argmax(1) == y).float().mean().item()


def train(x_source, y_source, x_target, max_strength, epochs=15, batch=60):
    torch.manual_seed(4)
    model = DANN(x_source.size(1))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        model.train()
        strength = max_strength * (2 / (1 + math.exp(-10 * epoch / epochs)) - 1)
        pairs = zip(torch.randperm(len(x_source)).split(batch), torch.randperm(len(x_target)).split(batch))
        for i, j in pairs:
            logits, domain = model(torch.cat([x_source[i], x_target[j]]), strength)
            is_target = torch.cat([torch.zeros(len(i)), torch.ones(len(j))])
            label_loss = F.cross_entropy(logits[: len(i)], y_source[i])
            domain_loss = F.binary_cross_entropy_with_logits(domain, is_target)
            optimizer.zero_grad()
            (label_loss + domain_loss).backward()
            optimizer.step()
    return model


gen = torch.Generator().manual_seed(8)
xs, ys = sensors(720, gen, drifted=False)
xt, _ = sensors(720, gen, drifted=True)
xs_test, ys_test = sensors(500, gen, drifted=False)
xt_test, yt_test = sensors(500, gen, drifted=True)

for max_strength in (0.0, 1.0):
    model = train(xs, ys, xt, max_strength)
    print(
        f"reversal {max_strength}: source {accuracy(model, xs_test, ys_test):.3f}, "
        f"target {accuracy(model, xt_test, yt_test):.3f}"
    )
