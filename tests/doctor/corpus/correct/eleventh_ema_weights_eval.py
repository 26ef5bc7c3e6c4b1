import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.updates = 0
        self.shadow = copy.deepcopy(model).eval()
        self.shadow.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.mul_(d).add_(p, alpha=1 - d)
        for s, b in zip(self.shadow.buffers(), model.buffers()):
            s.copy_(b)


def noisy_rings(n):
    label = torch.randint(0, 2, (n,))
    radius = 1.0 + 0.8 * label + 0.25 * torch.randn(n)
    phi = torch.rand(n) * 6.28318
    return torch.stack([radius * phi.cos(), radius * phi.sin()], 1), label


def accuracy(model, x, y):
    mode = model.training
    model.eval()
    with torch.no_grad():
        acc = (model(x).argmax(1) == y).float().mean().item()
    model.train(mode)
    return acc


torch.manual_seed(18)
x, y = noisy_rings(640)
xv, yv = noisy_rings(400)

model = nn.Sequential(
    nn.Linear(2, 48), nn.BatchNorm1d(48), nn.ReLU(),
    nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(),
    nn.Linear(48, 2),
)
ema = EMA(model, decay=0.99)
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

step = 0
model.train()
for epoch in range(15):
    for b in torch.randperm(640).split(32):
        opt.zero_grad(set_to_none=True)
        F.cross_entropy(model(x[b]), y[b]).backward()
        opt.step()
        ema.update(model)
        step += 1
        if step % 100 == 0:
            print(f"step {step}: raw {accuracy(model, xv, yv):.3f} ema {accuracy(ema.shadow, xv, yv):.3f}")
