import torch
import torch.nn as nn
from collections import defaultdict

torch.manual_seed(3)


class SharedNet(nn.Module):
    def __init__(self, n_in=12, width=48, n_cls=3):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(n_in, width), nn.ELU(), nn.Linear(width, width), nn.ELU())
        self.heads = nn.ModuleDict({'species': nn.Linear(width, n_cls), 'weight': nn.Linear(width, 1)})

    def forward(self, x):
        z = self.shared(x)
        return {k: head(z) for k, head in self.heads.items()}


def synth(n):
    x = torch.randn(n, 12)
    species = torch.stack([x[:, 0] + x[:, 1], x[:, 2] * 1.4, -x[:, 0] - x[:, 2]], 1).argmax(1)
    weight = torch.sin(x[:, 3:4]) * 2 + x[:, 4:5]
    return x, {'species': species, 'weight': weight}


class MultiTaskLoss:
    """weighted sum; remembers the parts for the log"""

    def __init__(self, weights):
        self.weights = weights
        self.fns = {'species': nn.CrossEntropyLoss(), 'weight': nn.SmoothL1Loss()}
        self.log = defaultdict(list)

    def __call__(self, out, target):
        species = self.fns['species'](out['species'], target['species'])
        weight = self.fns['weight'](out['weight'], target['weight'])
        self.log['species'].append(species.item())
        self.log['weight'].append(weight.item())
        return self.weights['species'] * species + self.weights['weight'] * weight.item()


net = SharedNet()
criterion = MultiTaskLoss({'species': 1.0, 'weight': 2.0})
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
x, target = synth(1500)
for epoch in range(15):
    for b in torch.randperm(len(x)).split(60):
        loss = criterion(net(x[b]), {k: v[b] for k, v in target.items()})
        opt.zero_grad()
        loss.backward()
        opt.step()
print({k: round(sum(v[-25:]) / 25, 3) for k, v in criterion.log.items()})

net.eval()
with torch.no_grad():
    xt, tt = synth(500)
    out = net(xt)
print('species accuracy', (out['species'].argmax(1) == tt['species']).float().mean().item(),
      'weight mae', (out['weight'] - tt['weight']).abs().mean().item())
