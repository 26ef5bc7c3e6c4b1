"""LoRA adapters on a frozen base model; merged weights reproduce the adapted outputs."""
import math

import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=4, alpha=8):
        super().__init__()
        self.base = base
        self.A = nn.Parameter(torch.empty(r, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, r))   # the adapter starts as zero
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.A), self.B) * self.scale

    @torch.no_grad()
    def merge(self):
        self.base.weight += self.scale * self.B @ self.A
        return self.base


def data(W, n):
    x = torch.randn(n, 12)
    return x, torch.tanh(x @ W)


def fit(model, params, xy, steps, lr):
    x, y = xy
    opt = torch.optim.Adam(params, lr=lr)
    model.train()
    for _ in range(steps):
        i = torch.randint(len(x), (64,))
        loss = F.mse_loss(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()


@torch.no_grad()
def score(model, xy):
    model.eval()
    return F.mse_loss(model(xy[0]), xy[1]).item()


W0 = torch.randn(12, 5) / 3
W1 = W0 + torch.randn(12, 1) @ torch.randn(1, 5) / 3     # a low-rank change of the task
net = nn.Sequential(nn.Linear(12, 64), nn.Tanh(), nn.Linear(64, 5))
fit(net, net.parameters(), data(W0, 2000), 300, 3e-3)
test = data(W1, 500)
print("before", score(net, test))

net.requires_grad_(False)
net[0], net[2] = LoRALinear(net[0]), LoRALinear(net[2])
adapters = [p for p in net.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in adapters), "of", sum(p.numel() for p in net.parameters()))
fit(net, adapters, data(W1, 300), 300, 5e-3)
print("after ", score(net, test))
with torch.no_grad():
    before = net(test[0])
net[0], net[2] = net[0].merge(), net[2].merge()
with torch.no_grad():
    print("largest change by merging", (net(test[0]) - before).abs().max().item())
