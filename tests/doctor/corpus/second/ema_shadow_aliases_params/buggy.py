import torch
import torch.nn as nn
import torch.nn.functional as F


class EMA:
    def __init__(self, model, decay=0.98):
        self.decay = decay
        self.shadow = {}
        self.backup = {}
        for name, p in model.named_parameters():
            self.shadow[name] = p.detach()

    @torch.no_grad()
    def update(self, model):
        for name, p in model.named_parameters():
            self.shadow[name].lerp_(p.detach(), 1 - self.decay)

    @torch.no_grad()
    def swap_in(self, model):
        for name, p in model.named_parameters():
            self.backup[name] = p.detach().clone()
            p.copy_(self.shadow[name])

    @torch.no_grad()
    def swap_out(self, model):
        for name, p in model.named_parameters():
            p.copy_(self.backup[name])
        self.backup = {}


def noisy_labels(n, g):
    x = torch.randn(n, 12, generator=g)
    y = (x[:, 0] * 2 + x[:, 1] > 0).long()
    flip = torch.rand(n, generator=g) < 0.2
    return x, torch.where(flip, 1 - y, y), y


g = torch.Generator().manual_seed(5)
torch.manual_seed(5)
x, y, _ = noisy_labels(300, g)
xv, _, yv = noisy_labels(600, g)
model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.5)
ema = EMA(model)
for epoch in range(20):
    model.train()
    for idx in torch.randperm(300).split(10):
        opt.zero_grad()
        F.cross_entropy(model(x[idx]), y[idx]).backward()
        opt.step()
        ema.update(model)


@torch.no_grad()
def loss_of(model):
    model.eval()
    return F.cross_entropy(model(xv), yv).item()


raw = loss_of(model)
ema.swap_in(model)
averaged = loss_of(model)
ema.swap_out(model)
print(f"val loss: raw {raw:.4f}, averaged {averaged:.4f}")
