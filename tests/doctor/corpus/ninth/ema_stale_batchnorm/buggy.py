import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class EMA:
    """Exponential moving average of a model, used for evaluation."""

    def __init__(self, model, decay=0.97):
        self.decay = decay
        self.module = copy.deepcopy(model).eval()
        self.module.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for avg, p in zip(self.module.parameters(), model.parameters()):
            avg.mul_(self.decay).add_(p, alpha=1 - self.decay)


def conv_net(classes):
    def block(i, o):
        return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2))

    return nn.Sequential(block(1, 12), block(12, 24), nn.Flatten(), nn.Linear(24 * 4, classes))


def stripes(n):
    """8x8 gratings with one of four orientations, pixels in [0, 1]."""
    yy, xx = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    label = torch.randint(0, 4, (n,))
    angle = label * torch.pi / 4
    phase = 6.28 * torch.rand(n, 1, 1)
    wave = torch.sin(1.6 * (angle.cos()[:, None, None] * xx + angle.sin()[:, None, None] * yy) + phase)
    return torch.sigmoid(wave + 1.2 * torch.randn(n, 8, 8)).unsqueeze(1), label


def test(model, loader):
    model.eval()
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


torch.manual_seed(19)
x, y = stripes(1000)
train_loader = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=40, shuffle=True)
test_loader = DataLoader(TensorDataset(x[800:], y[800:]), batch_size=100)
net = conv_net(4)
ema = EMA(net)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
for epoch in range(8):
    net.train()
    for xb, yb in train_loader:
        loss = F.cross_entropy(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update(net)
    print(f"epoch {epoch}  model {test(net, test_loader):.3f}  ema {test(ema.module, test_loader):.3f}")
