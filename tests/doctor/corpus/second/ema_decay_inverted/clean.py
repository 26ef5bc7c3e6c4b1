import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Average:
    def __init__(self, model, decay=0.99):
        self.decay = decay
        self.model = copy.deepcopy(model).eval()
        self.model.requires_grad_(False)
        self.steps = 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        d = min(self.decay, self.steps / (self.steps + 10))
        for old, new in zip(self.model.parameters(), model.parameters()):
            old.mul_(d).add_(new, alpha=1 - d)
        for old, new in zip(self.model.buffers(), model.buffers()):
            old.copy_(new)


def noisy_moons(n, g):
    t = torch.rand(n, generator=g) * 3.1416
    y = torch.randint(0, 2, (n,), generator=g)
    x = torch.stack([torch.cos(t) * (1 - 2 * y) + y, torch.sin(t) * (1 - 2 * y) + 0.4 * y], 1)
    return x + 0.3 * torch.randn(n, 2, generator=g), y


def nll(model, x, y):
    model.eval()
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


g = torch.Generator().manual_seed(30)
torch.manual_seed(30)
x, y = noisy_moons(400, g)
xt, yt = noisy_moons(800, g)
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
average = Average(model)
opt = torch.optim.SGD(model.parameters(), lr=0.15)
for epoch in range(30):
    model.train()
    for xb, yb in DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True):
        opt.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
        opt.step()
        average.update(model)
    if epoch % 10 == 9:
        print(f"{epoch + 1} raw {nll(model, xt, yt):.4f} averaged {nll(average.model, xt, yt):.4f}")
