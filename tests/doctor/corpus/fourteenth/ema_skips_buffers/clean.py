import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class ModelEMA:
    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).eval()
        for p in self.module.parameters():
            p.requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for ema_p, p in zip(self.module.parameters(), model.parameters()):
            ema_p.mul_(self.decay).add_(p, alpha=1 - self.decay)
        for ema_b, b in zip(self.module.buffers(), model.buffers()):
            ema_b.copy_(b)


def batches(x, y, bs):
    for idx in torch.randperm(len(x)).split(bs):
        yield x[idx], y[idx]


@torch.no_grad()
def top1(net, x, y):
    net.eval()
    return 100 * (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(17)
# sensor channels live on very different scales
scale = torch.tensor([1.0, 5.0, 20.0, 0.2, 3.0, 8.0])
offset = torch.tensor([0.0, 12.0, -40.0, 1.0, 6.0, -3.0])
z = torch.randn(1400, 6)
labels = (z[:, 0] + z[:, 1] > 0).long() + 2 * (z[:, 2] - z[:, 3] > 0).long()
signals = z * scale + offset
train_x, train_y, test_x, test_y = signals[:1000], labels[:1000], signals[1000:], labels[1000:]

model = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))
ema = ModelEMA(model)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(10):
    model.train()
    for xb, yb in batches(train_x, train_y, 50):
        opt.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
        opt.step()
        ema.update(model)
    print(f"ep {epoch:02d} | model {top1(model, test_x, test_y):.1f} | ema {top1(ema.module, test_x, test_y):.1f}")
torch.save(ema.module.state_dict(), "ema.pth")
